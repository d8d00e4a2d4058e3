"""Promotion codes, made without code. What somebody has used keeps its terms."""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, Q, QuerySet, Sum, Value
from django.db.models.functions import Coalesce, NullIf
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.forms.models import WagtailAdminModelForm
from wagtail.admin.ui.tables import Column
from wagtail.admin.views import generic
from wagtail.log_actions import log

from accounts.forms import currency_choices
from operations import clock
from pages.forms import near
from payments import promotions
from payments.admin.amounts import AmountField, typed_amount
from payments.admin.confirmation import AfterProof
from payments.admin.listing import (
    Action,
    DetailColumn,
    Fact,
    MoneyDetail,
    MoneyIndex,
    MoneyViewSet,
    Section,
    detail_url,
    in_words,
    moment,
)
from payments.admin.offers import LARGEST
from payments.models import Offer, PromotionCode, WinBack
from payments.money import decimal

PAID = Q(orders__paid_at__isnull=False)
FIXED = [name for name in PromotionCode.TERMS if name != "currency"]


class PromotionForm(WagtailAdminModelForm):
    """A code with its terms. Once used, only the remark and whether it is in force change."""

    amount = AmountField(
        label=_("Amount off"),
        required=False,
        max_value=LARGEST,
        help_text=_("As people read it: 20.00. Either this or a percentage."),
    )

    class Meta:
        model = PromotionCode
        fields = [
            "code", "remark", "percent", "amount", "duration", "months", "offers", "starts_at",
            "ends_at", "max_uses", "per_person", "first_purchase_only", "is_active",
        ]  # fmt: skip
        widgets: ClassVar = {"offers": forms.CheckboxSelectMultiple}
        help_texts: ClassVar = {
            "code": _("What people type: letters, digits, dashes. Small letters do as well."),
            "remark": _("Only staff see it."),
            "percent": _("1 to 100; at 100 a course is had for nothing."),
            "duration": _("More than the first payment only where it renews itself."),
            "months": _("Only for some months: those after the purchase, trial included."),
            "offers": _("None chosen: good for all."),
            "max_uses": _("Empty: as many as come. An open payment page holds one for an hour."),
            "is_active": _("Off: nobody new can use it; who has it keeps it."),
        }

        error_messages: ClassVar = {"code": {"unique": _("There is such a code already.")}}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        own = self.instance.currency or settings.DEFAULT_CURRENCY
        self.fields["amount"].label = _("Amount off (%(currency)s)") % {"currency": own}
        if len(settings.CURRENCIES) > 1:
            self.fields["amount"].label = _("Amount off")
            self.fields["amount_in"] = forms.ChoiceField(
                label=_("Currency of the amount"),
                choices=currency_choices(get_language() or settings.LANGUAGE_CODE),
                initial=own,
                required=False,
                help_text=_("It takes nothing off a price in another currency; a percentage does."),
            )
            self.order_fields([*self._meta.fields[:4], "amount_in"])
        offers = Offer.objects.select_related("course", "bundle", "membership")
        self.fields["offers"].queryset = offers.filter(is_active=True)
        if self.instance.pk is None:
            return
        self.fields["offers"].queryset = offers
        self.initial["amount"] = decimal(self.instance.amount, own)
        if self.instance.is_used:
            for name in (*FIXED, "offers", "amount_in"):
                if name in self.fields:
                    self.fields[name].disabled = True
            self.fields["code"].help_text = _(
                "It has been used, so its terms stay. For other terms, end it and make a new code."
            )

    def clean_code(self) -> str:
        return promotions.normalized(self.cleaned_data["code"])

    def clean_starts_at(self) -> datetime | None:
        return near(self.cleaned_data["starts_at"])

    def clean_ends_at(self) -> datetime | None:
        ends_at = near(self.cleaned_data["ends_at"])
        if ends_at and ends_at <= clock.now() and "ends_at" in self.changed_data:
            raise forms.ValidationError(_("This time is over. To end it now, switch it off."))
        return ends_at

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        self._clean_amount(cleaned)
        renews = cleaned.get("duration") != PromotionCode.Duration.ONCE
        once = [each for each in cleaned.get("offers") or () if not each.is_recurring]
        if renews and once:
            self.add_error(
                "offers", _("Only what renews itself has more than one payment: leave others out.")
            )
        return cleaned

    def _clean_amount(self, cleaned: dict[str, Any]) -> None:
        """The amount becomes a whole number of its currency's smallest unit."""
        amount = cleaned.get("amount")
        if self.fields["amount"].disabled:
            cleaned["amount"] = self.instance.amount
            return
        currency = cleaned.get("amount_in") or settings.DEFAULT_CURRENCY
        self.instance.currency = currency if amount is not None else ""
        if amount is None:
            return
        try:
            if amount <= 0:
                raise forms.ValidationError(_("An amount is more than nothing."))
            cleaned["amount"] = typed_amount(amount, currency)
        except forms.ValidationError as problem:
            self.add_error("amount", problem)


class SavesPromotion(AfterProof):
    """Who makes or changes a code has just proved who they are, and the log says so."""

    @transaction.atomic
    def save_instance(self) -> PromotionCode:
        form: PromotionForm = self.form  # type: ignore[attr-defined]
        if form.instance.pk is None:
            form.instance.created_at = clock.now()
        promotion: PromotionCode = super().save_instance()  # type: ignore[misc]
        told = {"code": promotion.code, "gives": promotion.gives, "on": promotion.is_active}
        log(instance=promotion, action="payments.promotion", data=told)
        return promotion


class PromotionCreate(SavesPromotion, generic.CreateView):
    pass


class PromotionEdit(SavesPromotion, generic.EditView):
    pass


class PromotionFilters(WagtailFilterSet):
    class Meta:
        model = PromotionCode
        fields = ["is_active", "duration"]


class PromotionIndex(MoneyIndex):
    def get_base_queryset(self) -> QuerySet[PromotionCode]:
        found: QuerySet[PromotionCode] = super().get_base_queryset()
        own = Coalesce(NullIf("currency", Value("")), Value(settings.DEFAULT_CURRENCY))
        paid = PAID & Q(orders__currency=F("sums_in"))
        return found.annotate(
            sums_in=own,
            used=Count("orders", filter=PAID),
            saved=Sum("orders__discount", filter=paid),
            brought=Sum("orders__amount", filter=paid & Q(orders__trial_days=0)),
        )

    def get_edit_url(self, instance: PromotionCode) -> str | None:
        return None  # the title leads to the details, as everywhere in this menu

    def to_row_dict(self, item: Any) -> dict[str, Any]:
        currency = item.sums_in
        return {
            "code": item.code,
            "remark": item.remark,
            "gives": item.gives,
            "duration": item.get_duration_display(),
            "used": item.used,
            "max_uses": item.max_uses,
            "saved": decimal(item.saved or 0, currency),
            "brought": decimal(item.brought or 0, currency),
            "currency": currency,
            "ends_at": item.ends_at,
            "is_active": _("Yes") if item.is_active else _("No"),
        }


class PromotionDetail(MoneyDetail):
    def facts(self) -> Iterable[Fact]:
        row: PromotionCode = self.object
        yield Fact(_("Promotion code"), row.code)
        yield Fact(_("What it is for"), row.remark)
        if own := WinBack.objects.filter(promotion=row).select_related("learner").first():
            yield Fact(_("Made for"), own.learner.email)
        yield Fact(_("Takes off"), row.gives)
        yield Fact(_("Reduces"), row.get_duration_display())
        yield Fact(_("For how many months"), row.months)
        chosen = ", ".join(
            str(each) for each in row.offers.select_related("course", "bundle", "membership")
        )
        yield Fact(_("Good for"), chosen or _("Everything"))
        yield Fact(_("Valid from"), moment(row.starts_at))
        yield Fact(_("Valid until"), moment(row.ends_at))
        yield Fact(_("Uses in all"), row.max_uses or _("No limit"))
        yield Fact(_("Uses per person"), row.per_person)
        yield Fact(_("Only for a first purchase"), _("Yes") if row.first_purchase_only else _("No"))
        yield Fact(_("In force"), _("Yes") if row.is_active else _("No"))
        standing = promotions.standing(row)
        yield Fact(_("Used"), standing.filter(used_at__isnull=False).count())
        yield Fact(_("Held by open payment pages"), standing.filter(used_at=None).count())
        link = f"{settings.BASE_URL}{reverse('membership')}?code={row.code}"
        yield Fact(_("Link that carries it"), link)

    def actions(self) -> Iterable[Action]:
        if self.request.user.has_perm("payments.change_promotioncode"):
            yield Action(_("Change it"), reverse("money-promotions:edit", args=[self.pk]))

    def sections(self) -> Iterable[Section]:
        orders = self.object.orders.filter(paid_at__isnull=False).select_related(
            "buyer", "price__offer__course", "price__offer__membership"
        )
        yield Section(
            _("Orders, the latest fifty"),
            [_("Number"), _("Buyer"), _("What"), _("Amount"), _("Discount"), _("Paid")],
            [
                [
                    Fact("", row.number, detail_url("money-orders", row)),
                    row.buyer.email,
                    str(row.price.offer),
                    in_words(row.amount, row.currency),
                    in_words(row.discount, row.currency),
                    moment(row.paid_at),
                ]
                for row in orders.order_by("-paid_at")[:50]
            ],
        )


def _saved(row: Any) -> str:
    return in_words(row.saved or 0, row.sums_in)


def _brought(row: Any) -> str:
    return in_words(row.brought or 0, row.sums_in)


def _used(row: Any) -> str:
    return f"{row.used} / {row.max_uses}" if row.max_uses else str(row.used)


class PromotionViewSet(MoneyViewSet):
    model = PromotionCode
    name = "money-promotions"
    url_prefix = "money/promotions"
    icon = "tag"
    menu_label = _("Promotion codes")
    offered = MoneyViewSet.offered | {"add", "edit"}
    index_view_class = PromotionIndex
    inspect_view_class = PromotionDetail
    add_view_class = PromotionCreate
    edit_view_class = PromotionEdit
    filterset_class = PromotionFilters
    search_fields = ["code", "remark"]
    list_display = [
        DetailColumn("code", "money-promotions", label=_("Promotion code")),
        Column("remark", label=_("What it is for")),
        Column("gives", label=_("Takes off")),
        Column("used", label=_("Used"), accessor=_used, sort_key="used"),
        Column("saved", label=_("Discount given"), accessor=_saved, sort_key="saved"),
        Column("brought", label=_("First payments"), accessor=_brought, sort_key="brought"),
        Column("ends_at", label=_("Valid until"), accessor=lambda row: moment(row.ends_at)),
        Column(
            "is_active", label=_("In force"), accessor=lambda row: _("Yes") if row.is_active else ""
        ),
    ]
    list_export = [
        "code", "remark", "gives", "duration", "used", "max_uses", "saved", "brought", "currency",
        "ends_at", "is_active",
    ]  # fmt: skip
    export_headings = {
        "gives": _("Takes off"),
        "used": _("Used"),
        "saved": _("Discount given"),
        "brought": _("First payments"),
    }

    def get_form_class(self, for_update: bool = False) -> type[PromotionForm]:
        return PromotionForm
