"""The mails about money of the last days: what a person read, whether it went out, 「再发一次」."""

from collections.abc import Iterable
from typing import Any

import django_filters
from django import forms
from django.db.models import Q, QuerySet
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.ui.tables import Column
from wagtail.log_actions import log

from accounts import mail
from accounts.models import OutboxMessage
from operations import clock
from payments.admin.confirmation import Confirmation
from payments.admin.listing import (
    Action,
    DetailColumn,
    Fact,
    MomentColumn,
    MoneyDetail,
    MoneyIndex,
    MoneyViewSet,
    moment,
)
from payments.admin.listing_filters import SiteDays

# About money, and not so old that its words are gone.
KEPT = Q(about=OutboxMessage.About.MONEY) & ~Q(text="")


def state(row: OutboxMessage) -> Any:
    if row.sent_at:
        return _("Sent")
    if row.error:
        return _("Not sent: %(error)s") % {"error": row.error}
    return _("No mail server is set") if row.caught else _("On its way")


class MailFilters(WagtailFilterSet):
    created_at = SiteDays(label=_("Written"))
    sent = django_filters.BooleanFilter(
        label=_("Sent"), field_name="sent_at", lookup_expr="isnull", exclude=True
    )

    class Meta:
        model = OutboxMessage
        fields = ["created_at", "sent"]


class MailIndex(MoneyIndex):
    def get_base_queryset(self) -> QuerySet[OutboxMessage]:
        return super().get_base_queryset().filter(KEPT).defer("text", "html")

    def to_row_dict(self, item: OutboxMessage) -> dict[str, Any]:
        return {
            "to": item.to,
            "subject": item.subject,
            "created_at": item.created_at,
            "sent_at": item.sent_at,
            "state": state(item),
        }


class MailDetail(MoneyDetail):
    template_name = "payments/admin/mail.html"

    def get_page_subtitle(self) -> str:
        return str(self.object.subject)

    def get_object(self, queryset: Any = None) -> OutboxMessage:
        return get_object_or_404(OutboxMessage, KEPT, pk=self.pk)

    def facts(self) -> Iterable[Fact]:
        row: OutboxMessage = self.object
        yield Fact(_("Recipient"), row.to)
        yield Fact(_("Subject"), row.subject)
        yield Fact(_("State"), state(row))
        yield Fact(_("Written"), moment(row.created_at))
        yield Fact(_("Sent"), moment(row.sent_at))
        yield Fact(_("Attempts"), row.attempts)

    def actions(self) -> Iterable[Action]:
        if self.request.user.has_perm(SendAgainView.permission):
            yield Action(SendAgainView.label, reverse("money-mails:again", args=[self.pk]))


class SendAgainView(Confirmation):
    model = OutboxMessage
    permission = "accounts.change_outboxmessage"
    back = "money-mails"
    title = _("Send the mail again")
    label = _("Send again")
    form_class = forms.Form
    related = ("user",)

    def called(self, row: OutboxMessage) -> str:
        return row.subject

    def found(self) -> QuerySet[OutboxMessage]:
        return super().found().filter(KEPT)

    def is_possible(self, row: OutboxMessage) -> bool:
        return row.user is not None and row.user.is_active

    def consequences(self, row: OutboxMessage) -> Iterable[Any]:
        assert row.user is not None  # noqa: S101 — is_possible held it
        words = {"subject": row.subject, "email": row.user.email, "at": moment(row.created_at)}
        yield _("“%(subject)s” of %(at)s goes to %(email)s, word for word.") % words

    def carry_out(self, row: OutboxMessage, form: forms.Form) -> Any:
        again = mail.send_again(row, now=clock.now())
        log(instance=again, action="payments.send_mail", user=self.actor, title=again.subject)
        return _("The mail is on its way to %(email)s.") % {"email": again.to}


class MailViewSet(MoneyViewSet):
    model = OutboxMessage
    name = "money-mails"
    url_prefix = "money/mails"
    icon = "mail"
    menu_label = _("Mails")
    index_view_class = MailIndex
    inspect_view_class = MailDetail
    filterset_class = MailFilters
    row_views = {"again": SendAgainView}
    for_several = ("again",)
    search_fields = ["to", "user__email", "subject", "key"]
    list_display = [
        DetailColumn("subject", "money-mails", label=_("Subject"), sort_key="subject"),
        Column("to", label=_("Recipient"), sort_key="to"),
        Column("state", label=_("State"), accessor=state),
        MomentColumn("created_at", label=_("Written")),
        MomentColumn("sent_at", label=_("Sent")),
    ]
    list_export = ["to", "subject", "created_at", "sent_at", "state"]
    export_headings = {
        "to": _("Recipient"),
        "subject": _("Subject"),
        "created_at": _("Written"),
        "sent_at": _("Sent"),
        "state": _("State"),
    }
