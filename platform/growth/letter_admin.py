"""Letters in the admin: written, looked at as a mail, given a time, followed while they go out."""

from typing import Any, ClassVar

from django import forms
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy
from django.views.decorators.http import require_POST
from wagtail.admin import messages
from wagtail.admin.forms.models import WagtailAdminModelForm
from wagtail.admin.ui.tables import Column, TitleColumn
from wagtail.admin.views import generic
from wagtail.admin.viewsets.model import ModelViewSet
from wagtail.log_actions import log

from accounts.models import User
from growth import letter_sending, letters, sources
from growth.models import Letter
from operations import clock
from pages.admin_moments import InspectionWithMoments, MomentColumn
from pages.forms import near

MAY_WRITE = "growth.change_letter"


class LetterForm(WagtailAdminModelForm):
    """A draft keeps its time without being sent; `is_ready` lets it go out then."""

    is_ready = forms.BooleanField(
        label=gettext_lazy("Send it at this time"),
        required=False,
        help_text=gettext_lazy("Until then it can be changed. One letter a week at most."),
    )

    class Meta:
        model = Letter
        fields: ClassVar = ["instructor", "subject", "words", "with_news", "send_at"]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.initial.setdefault("is_ready", self.instance.status == Letter.Status.READY)
        self.fields["instructor"].empty_label = _("The publisher")

    def clean_send_at(self) -> Any:
        return near(self.cleaned_data["send_at"])

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        send_at = cleaned.get("send_at")
        if send_at is None:
            return cleaned
        week = letter_sending.week_of(send_at)
        if cleaned["is_ready"]:
            if send_at <= clock.now():
                self.add_error("send_at", _("This time is over. Choose a later one."))
            elif self._others(cleaned.get("instructor"), week):
                self.add_error(
                    "send_at", _("There is a letter of this week. One a week is enough.")
                )
        ready = Letter.Status.READY if cleaned["is_ready"] else Letter.Status.DRAFT
        self.instance.week, self.instance.status = week, ready
        return cleaned

    def _others(self, instructor: Any, week: Any) -> bool:
        same = Letter.objects.filter(instructor=instructor, week=week)
        return same.exclude(status=Letter.Status.DRAFT).exclude(pk=self.instance.pk).exists()


class LetterIndex(generic.IndexView):
    default_ordering = "-send_at"

    def get_base_queryset(self) -> QuerySet[Letter]:
        return Letter.objects.select_related("instructor")


class OpenOnly:
    """For what is not on its way yet; else it leads to where one reads it."""

    def dispatch(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        letter = get_object_or_404(Letter, pk=kwargs["pk"])
        if letter.is_open:
            answer: HttpResponse = super().dispatch(request, *args, **kwargs)  # type: ignore[misc]
            return answer
        if not request.user.has_perm("growth.view_letter"):
            raise PermissionDenied
        messages.warning(request, _("It is on its way: nothing in it changes any more."))
        return redirect("letters:inspect", letter.pk)


class LetterEdit(OpenOnly, generic.EditView):
    def save_instance(self) -> Letter:
        """Not over one that began to be sent while it was written at."""
        with transaction.atomic():
            get_object_or_404(
                Letter.objects.select_for_update(), pk=self.object.pk, status__in=Letter.OPEN
            )
            saved: Letter = super().save_instance()
            return saved


class LetterDelete(OpenOnly, generic.DeleteView):
    pass


class LetterInspection(InspectionWithMoments):
    """The letter as it reads, how far it got, a copy to oneself."""

    page_title = pgettext_lazy("by mail", "Letter")

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context_data(**kwargs)
        letter: Letter = self.object
        context |= {
            "letter": letter,
            "name": sources.name_of(letter.instructor),
            "readers": letters.readers(letter.instructor).count(),
            "is_sending": letter.status == Letter.Status.SENDING,
            "public_url": reverse("letter", args=[letter.pk])
            if letter.status in Letter.OUT
            else "",
        }
        if self.user_has_permission("change"):
            context["copy_url"] = reverse("letters:copy_to_me", args=[letter.pk])
            context["stop_url"] = reverse("letters:stop", args=[letter.pk])
        return context


@require_POST
def copy_to_me(request: HttpRequest, pk: int) -> HttpResponse:
    """Mails it to who asks, as it would go out now."""
    writer, letter = _asked(request, pk)
    letter_sending.send_copy(letter, to=writer, now=clock.now())
    messages.success(request, _("A copy is on its way to %(email)s.") % {"email": writer.email})
    return redirect("letters:inspect", pk)


@require_POST
def stop(request: HttpRequest, pk: int) -> HttpResponse:
    """Breaks off what is being sent, for good."""
    _writer, letter = _asked(request, pk)
    try:
        number = letter_sending.stop(pk, now=clock.now())
    except letter_sending.NotOpen:
        messages.warning(request, _("It is not being sent now."))
    else:
        log(instance=letter, action="growth.stop_letter", data={"number": number})
        messages.success(request, _("Stopped after %(number)d mails.") % {"number": number})
    return redirect("letters:inspect", pk)


def _asked(request: HttpRequest, pk: int) -> tuple[User, Letter]:
    if not isinstance(request.user, User) or not request.user.has_perm(MAY_WRITE):
        raise PermissionDenied
    return request.user, get_object_or_404(Letter, pk=pk)


class LetterViewSet(ModelViewSet):
    model: Any = Letter
    name = "letters"
    icon = "mail"
    menu_label = pgettext_lazy("by mail", "Letters")
    menu_order = 220
    add_to_admin_menu = True
    add_to_reference_index = False
    copy_view_enabled = False
    inspect_view_enabled = True
    index_view_class = LetterIndex
    edit_view_class = LetterEdit
    delete_view_class = LetterDelete
    inspect_view_class = LetterInspection
    template_prefix = "growth/letter_admin/"
    inspect_view_fields = ["status", "send_at", "begun_at", "ended_at", "addresses", "queued"]
    search_fields = ["subject", "words"]
    list_per_page = 50
    list_display = [
        TitleColumn(
            "subject",
            label=gettext_lazy("Subject"),
            get_url=lambda row: reverse("letters:inspect", args=[row.pk]),
        ),
        Column("sender", label=pgettext_lazy("by mail", "From")),
        Column("get_status_display", label=gettext_lazy("State")),
        MomentColumn("send_at", label=gettext_lazy("To be sent at"), sort_key="send_at"),
        Column("queued", label=gettext_lazy("Sent"), sort_key="queued"),
    ]

    def get_form_class(self, for_update: bool = False) -> type[LetterForm]:
        return LetterForm

    def get_common_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        common: dict[str, Any] = super().get_common_view_kwargs(**kwargs)
        return {**common, "history_url_name": None, "usage_url_name": None}

    def get_urlpatterns(self) -> list[Any]:
        gone = {"history", "history_results", "usage"}
        patterns = [each for each in super().get_urlpatterns() if each.name not in gone]
        return [
            *patterns,
            path("copy-to-me/<int:pk>/", copy_to_me, name="copy_to_me"),
            path("stop/<int:pk>/", stop, name="stop"),
        ]


viewset = LetterViewSet()
