"""What is for sale and at which price, made without code. What was sold keeps its terms."""

from collections.abc import Iterable
from datetime import date, datetime
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.db import transaction
from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from wagtail.admin import messages
from wagtail.admin.filters import WagtailFilterSet
from wagtail.admin.forms.models import WagtailAdminModelForm
from wagtail.admin.ui.tables import Column
from wagtail.admin.views import generic
from wagtail.admin.widgets import AdminDateInput
from wagtail.log_actions import log

from courses.models import CoursePage
from operations import clock
from pages import dates
from pages.forms import DayField, at_most
from payments import beginning, enrolment, presale, price_changes, refund_requests
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
    in_words,
    moment,
)
from payments.admin.presale import GiveUpView, given_up
from payments.admin.price_changes import PriceChangeView
from payments.models import Offer, Price
from payments.money import decimal
from payments.offers import (
    can_be_free,
    end_price,
    set_early_price,
    set_price,
)

TERMS = ("course", "bundle", "membership", "kind", "interval", "term_months", "trial_days")
LARGEST = Decimal(999_999)  # what Stripe takes in most currencies
LONGEST_MONTHS = 120


class OfferForm(WagtailAdminModelForm):
    """An offer with its price. Once it has had a price, only the price, order and sale change."""

    early_until = DayField(
        label=_("Last day of the early price"),
        required=False,
        widget=AdminDateInput,
        help_text=_("It ends at midnight of the site's time zone."),
    )

    class Meta:
        model = Offer
        fields = [*TERMS, "sort_order", "presale", "is_active"]
        help_texts: ClassVar = {
            "course": _("One of the three: a course, a bundle or a membership."),
            "kind": _(
                "Courses and bundles are bought for good; what renews itself is a membership."
            ),
            "interval": _("Only for what renews itself."),
            "term_months": _("Only for a term: a year is 12. It ends by itself."),
            "trial_days": _("Only for what renews itself; 0: it is charged at once."),
            "sort_order": _("The smallest stands first."),
            "presale": _("Only for a planned course with a date. It opens by itself on its day."),
            "is_active": _("Off: nobody new can buy it; what was sold goes on."),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for currency in settings.CURRENCIES:
            self._add_currency(currency)
        self.order_fields([*self._meta.fields, *self.currency_fields(), "early_until"])
        self.fields["course"].queryset = CoursePage.objects.order_by("title")
        at_most(self.fields["term_months"], LONGEST_MONTHS)
        if self.instance.pk is None:
            return
        for standing in self.instance.prices.filter(
            currency__in=settings.CURRENCIES, is_active=True
        ):
            name = field_of(standing.currency, early=standing.ends_at is not None)
            self.initial[name] = decimal(standing.amount, standing.currency)
            if standing.ends_at:
                self.initial["early_until"] = dates.last_day(standing.ends_at)
        if hasattr(self.instance, "presale_end"):
            self.fields["presale"].disabled = True
        if self.instance.prices.exists():
            for name in TERMS:
                self.fields[name].disabled = True
            self.fields["course"].help_text = _(
                "It has had a price, so its terms stay. For other terms, make a new offer and take "
                "this one off sale. A new amount becomes a new price for new orders."
            )

    def _add_currency(self, currency: str) -> None:
        """A regular price, which the site's own currency needs, and an early one."""
        own = currency == settings.DEFAULT_CURRENCY
        words = {"currency": currency}
        self.fields[field_of(currency)] = AmountField(
            label=_("Price (%(currency)s)") % words,
            required=own,
            max_value=LARGEST,
            help_text=_(
                "As people read it: 99.00. A new price replaces the old one for new orders. 0: a "
                "course that one enrols in by one tap, without code or payment."
            )
            if own
            else _("Empty: shown in the site's own currency."),
        )
        self.fields[field_of(currency, early=True)] = AmountField(
            label=_("Early price (%(currency)s)") % words,
            required=False,
            max_value=LARGEST,
            help_text=_(
                "Lower, until its last day. What renews itself stays at it for who took it."
            )
            if own
            else "",
        )

    @staticmethod
    def currency_fields() -> list[str]:
        return [
            field_of(currency, early=early)
            for currency in settings.CURRENCIES
            for early in (False, True)
        ]

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean()
        for currency in settings.CURRENCIES:
            self._clean_currency(currency, cleaned)
        if not self.errors:
            self._clean_free(cleaned)
        self._clean_presale(cleaned)
        self._clean_membership(cleaned)
        self._clean_twin(cleaned)
        until = cleaned.get("early_until")
        early = [
            cleaned.get(field_of(each, early=True)) is not None for each in settings.CURRENCIES
        ]
        if any(early) != (until is not None) and not self.errors:
            self.add_error("early_until", _("An early price needs its last day, and the reverse."))
        changed = {*self.currency_fields(), "early_until"} & set(self.changed_data)
        if until and changed and until < timezone.localdate(clock.now()):
            self.add_error("early_until", _("This day is over."))
        return cleaned

    def _clean_presale(self, cleaned: dict[str, Any]) -> None:
        presale, course = cleaned.get("presale"), cleaned.get("course")
        if presale == Offer.Presale.AT_RELEASE and settings.STRIPE_TAX:
            self.add_error("presale", _("With Stripe's tax it can only be paid at once."))
        if not presale or "presale" not in self.changed_data or course is None:
            return
        if not beginning.is_planned(course, now=clock.now()):
            words = _("Only a course that opens on a day to come: set it on the course first.")
            self.add_error("presale", words)

    def _clean_membership(self, cleaned: dict[str, Any]) -> None:
        membership = cleaned.get("membership")
        if membership is None:
            return
        if cleaned.get("kind") == Offer.Kind.ONE_OFF:
            words = _("A membership lasts a time: choose what renews itself, or a term.")
            self.add_error("kind", words)
        if cleaned.get("is_active") and not membership.included_courses.exists():
            words = _("No published course belongs to it: choose it on a course first.")
            self.add_error("membership", words)

    def _clean_twin(self, cleaned: dict[str, Any]) -> None:
        """Two offers of the same would stand side by side on the page."""
        if not cleaned.get("is_active"):
            return
        terms = ("course", "bundle", "membership", "kind", "interval", "term_months")
        same = {name: cleaned.get(name) for name in terms}
        others = Offer.objects.filter(is_active=True, **same).exclude(pk=self.instance.pk)
        if others.exists():
            words = _("There is such an offer on sale: give that one another price instead.")
            raise forms.ValidationError(words)

    def _clean_currency(self, currency: str, cleaned: dict[str, Any]) -> None:
        """Amounts become whole numbers of the currency's smallest unit."""
        regular, early = field_of(currency), field_of(currency, early=True)
        for name in (regular, early):
            if cleaned.get(name) is not None:
                try:
                    cleaned[name] = _price(cleaned[name], currency)
                except forms.ValidationError as problem:
                    self.add_error(name, problem)
        if cleaned.get(early) is None or regular in self.errors:
            return
        if cleaned.get(regular) is None:
            self.add_error(regular, _("An early price needs the regular one that follows it."))
        elif cleaned[early] >= cleaned[regular]:
            self.add_error(early, _("The early price is lower than the regular one."))

    def _clean_free(self, cleaned: dict[str, Any]) -> None:
        """Nothing asked in one currency is nothing asked in all, and only for a course."""
        for early in (False, True):
            typed = {
                name: cleaned.get(name)
                for name in (field_of(each, early=early) for each in settings.CURRENCIES)
            }
            if 0 not in typed.values():
                continue
            terms = {name: cleaned.get(name) for name in ("course", "kind", "presale")}
            if not can_be_free(Offer(**terms)):
                words = _("Only a course that is open, for good, can be free.")
                self.add_error(next(name for name in typed if typed[name] == 0), words)
            sold = [name for name in typed if cleaned.get(name.removeprefix("early_")) is not None]
            for name in sold:
                if typed[name] != 0:
                    self.add_error(name, _("What is free is free in every currency: 0 here, too."))

    @property
    def early_ends_at(self) -> datetime | None:
        """When the last day of the early price is over, by the site's clock."""
        last: date | None = self.cleaned_data.get("early_until")
        return dates.end_of_day(last) if last else None

    def clean_interval(self) -> str | None:
        return self.cleaned_data["interval"] or None


def field_of(currency: str, *, early: bool = False) -> str:
    """The name of a price's field: `amount`, `early_amount` of the site's own currency,
    `amount_USD` of another one."""
    name = "early_amount" if early else "amount"
    return name if currency == settings.DEFAULT_CURRENCY else f"{name}_{currency}"


def _price(typed: Decimal, currency: str) -> int:
    amount = typed_amount(typed, currency)
    if amount < 0:
        raise forms.ValidationError(_("A price is not less than nothing."))
    return amount


class SavesPrice(AfterProof):
    """The offer and its price are saved together, and the log says so."""

    @transaction.atomic
    def save_instance(self) -> Offer:
        form: OfferForm = self.form  # type: ignore[attr-defined]
        offer: Offer = super().save_instance()  # type: ignore[misc]
        for currency in settings.CURRENCIES:
            told = _set_prices(offer, currency, form)
            if told:
                log(instance=offer, action="payments.price", data=told)
        if warning := _not_yet(offer):
            messages.warning(self.request, warning)  # type: ignore[attr-defined]
        return offer


def _not_yet(offer: Offer) -> str:
    """Said where nobody can buy it before the day its course opens."""
    if not offer.is_active or offer.presale or offer.course is None:
        return ""
    if not beginning.is_planned(offer.course, now=clock.now()):
        return ""
    day = dates.day(beginning.opens_at(offer.course, now=clock.now()))
    return _(
        "Nobody can buy it yet: its course opens on %(day)s, and it is on sale from then on. "
        "What is sold sooner is set under “%(field)s”."
    ) % {"day": day, "field": Offer._meta.get_field("presale").verbose_name}


def _set_prices(offer: Offer, currency: str, form: OfferForm) -> dict[str, str]:
    """What changed of one currency, for the log."""
    amount, now = form.cleaned_data[field_of(currency)], clock.now()
    in_force = offer.prices.filter(currency=currency, is_active=True)
    stood, before = set(in_force.all()), in_force.filter(ends_at=None).first()
    early = set_early_price(
        offer=offer,
        currency=currency,
        amount=form.cleaned_data[field_of(currency, early=True)],
        ends_at=form.early_ends_at,
        now=now,
    )
    if amount is None:
        ended = end_price(offer=offer, currency=currency)
        return {"ended": str(ended)} if ended else {}
    price = set_price(offer=offer, currency=currency, amount=amount, now=now)
    if set(in_force.all()) == stood:
        return {}
    told = {"price": str(price)}
    if before and before != price:
        told["before"] = str(before)
    if early and early.ends_at:
        told |= {"early": str(early), "until": dates.last_day(early.ends_at).isoformat()}
    return told


class OfferCreate(SavesPrice, generic.CreateView):
    pass


class OfferEdit(SavesPrice, generic.EditView):
    pass


class OfferFilters(WagtailFilterSet):
    class Meta:
        model = Offer
        fields = ["kind", "is_active", "bundle", "membership"]


class OfferIndex(MoneyIndex):
    def get_base_queryset(self) -> QuerySet[Offer]:
        prices = Price.objects.filter(
            offer=OuterRef("pk"), currency=settings.DEFAULT_CURRENCY, is_active=True
        )
        regular = prices.filter(ends_at=None).values("amount")[:1]
        early = prices.filter(ends_at__gt=clock.now()).values("amount")[:1]
        sold = Count("prices__orders", filter=Q(prices__orders__paid_at__isnull=False))
        found: QuerySet[Offer] = super().get_base_queryset()
        return found.annotate(amount=Subquery(regular), early=Subquery(early), sold=sold)

    def get_edit_url(self, instance: Offer) -> str | None:
        return None  # the title leads to the details, as everywhere in this menu

    def to_row_dict(self, item: Offer) -> dict[str, Any]:
        return {
            "what": str(item.sellable),
            "terms": item.terms,
            "trial_days": item.trial_days,
            "amount": decimal(item.amount, settings.DEFAULT_CURRENCY),  # type: ignore[attr-defined]
            "currency": settings.DEFAULT_CURRENCY,
            "is_active": _("Yes") if item.is_active else _("No"),
            "sold": item.sold,  # type: ignore[attr-defined]
        }


class OfferDetail(MoneyDetail):
    def facts(self) -> Iterable[Fact]:
        row: Offer = self.object
        yield Fact(_("What"), str(row.sellable))
        yield Fact(_("Kind"), row.get_kind_display())
        yield Fact(_("Terms"), row.terms)
        yield Fact(_("Days of trial"), row.trial_days or "")
        yield Fact(_("For sale"), _("Yes") if row.is_active else _("No"))
        yield Fact(_("In advance"), row.get_presale_display())
        yield Fact(_("Presale given up"), given_up(row))
        if row.course and (number := enrolment.enrolled(row.course).count()):
            yield Fact(_("Enrolled in the course when it was free"), number)
        yield Fact(
            _("Address to buy it at"),
            settings.BASE_URL + reverse("payments_buy", args=[row.key]),
        )

    def actions(self) -> Iterable[Action]:
        if self.request.user.has_perm("payments.change_offer"):
            yield Action(_("Change it"), reverse("money-offers:edit", args=[self.pk]))
            if price_changes.changing(self.object):
                yield Action(
                    _("New price for who subscribes already"),
                    reverse("money-offers:price-change", args=[self.pk]),
                )
        if self.request.user.has_perm(refund_requests.PERMISSION) and presale.is_under_way(
            self.object
        ):
            yield Action(_("Give up the presale"), reverse("money-offers:give-up", args=[self.pk]))

    def sections(self) -> Iterable[Section]:
        prices = self.object.prices.annotate(
            sold=Count("orders", filter=Q(orders__paid_at__isnull=False))
        ).order_by("-pk")
        yield Section(
            _("Prices"),
            [_("Amount"), _("Made"), _("In force"), _("Early price until"), _("Sold")],
            [
                [
                    in_words(row.amount, row.currency),
                    moment(row.created_at),
                    _("Yes") if row.is_active else _("Replaced"),
                    dates.day(dates.last_day(row.ends_at)) if row.ends_at else "",
                    row.sold,
                ]
                for row in prices
            ],
        )
        yield Section(
            _("Price changes for who subscribes already"),
            [_("Price"), _("Decided"), _("Told"), _("Changed"), _("Left alone"), _("Reason")],
            [
                [
                    in_words(row.price.amount, row.price.currency),
                    f"{moment(row.created_at)} · {row.created_by}",
                    row.told if row.told_at else _("%(count)d so far") % {"count": row.told},
                    row.done,
                    row.left,
                    row.reason,
                ]
                for row in price_changes.with_progress(self.object)
            ],
        )


def in_force(offer: Offer) -> str:
    amounts = [offer.early, offer.amount]  # type: ignore[attr-defined]
    known = [in_words(each, settings.DEFAULT_CURRENCY) for each in amounts if each is not None]
    if len(known) == 2:
        return _("%(early)s, then %(regular)s") % {"early": known[0], "regular": known[1]}
    return "".join(known)


class OfferViewSet(MoneyViewSet):
    model = Offer
    name = "money-offers"
    url_prefix = "money/offers"
    icon = "tag"
    menu_label = _("Offers")
    offered = MoneyViewSet.offered | {"add", "edit"}
    index_view_class = OfferIndex
    inspect_view_class = OfferDetail
    add_view_class = OfferCreate
    edit_view_class = OfferEdit
    row_views = {"price-change": PriceChangeView, "give-up": GiveUpView}
    related = ("course", "bundle", "membership")
    filterset_class = OfferFilters
    search_fields = ["course__title", "bundle__title", "membership__name"]
    list_display = [
        DetailColumn("what", "money-offers", label=_("What"), accessor="sellable"),
        Column("terms", label=_("Terms")),
        Column("amount", label=_("Price"), accessor=in_force),
        Column("trial_days", label=_("Days of trial")),
        Column("sold", label=_("Sold"), sort_key="sold"),
        Column(
            "is_active", label=_("For sale"), accessor=lambda row: _("Yes") if row.is_active else ""
        ),
    ]
    list_export = ["what", "terms", "trial_days", "amount", "currency", "is_active", "sold"]
    export_headings = {
        "what": _("What"),
        "terms": _("Terms"),
        "amount": _("Price"),
        "currency": _("Currency"),
        "sold": _("Sold"),
    }

    def get_form_class(self, for_update: bool = False) -> type[OfferForm]:
        return OfferForm
