"""What buying means, in the buyer's words: what is paid today, and what comes after."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.models import User
from courses.models import Membership
from pages import dates
from payments import (
    beginning,
    checkout,
    entitlement,
    gateway,
    money,
    periods,
    promotions,
    queries,
)
from payments.models import Offer, Price, PromotionCode
from payments.promotions import MONTHS, CannotUse, Reduction


@dataclass(frozen=True)
class Plan:
    """One way of buying, with everything that a page says of it."""

    price: Price
    trial_days: int
    title: str
    shown: str
    sentence: str
    before: str = ""  # what it costs without the code, or after the early price has ended
    saved: str = ""  # by the code
    note: str = ""  # of an early price: until when, and what it costs then, or the code takes off
    is_given: bool = False  # paid once, and the code takes off all of it
    problem: object = ""  # why a code gives nothing here

    @property
    def offer(self) -> Offer:
        return self.price.offer

    @property
    def button(self) -> str:
        if self.trial_days:
            return _("Begin the trial")
        return (
            _("Subscribe")
            if self.offer.is_recurring
            else _("Pay %(price)s") % {"price": self.shown}
        )


def plan(
    price: Price,
    *,
    has_trial: bool,
    promotion: PromotionCode | None = None,
    user: User | None = None,
    now: datetime,
) -> Plan:
    """One price as this visitor would get it, with the code they brought."""
    offer = price.offer
    trial_days = offer.trial_days if has_trial else 0
    reduction, problem = _reduction(promotion, price, trial_days, user, now)
    regular = _regular_beside(price)
    before = regular or price.amount
    amount = reduction.amount if reduction else price.amount
    begins = _begins(offer, user, now)
    return Plan(
        price=price,
        trial_days=trial_days,
        title=_title(offer),
        shown=money.in_words(amount, price.currency),
        sentence=_reduced(price, trial_days, reduction, begins, now)
        if reduction
        else _sentence(price, trial_days, begins, now),
        before=money.in_words(before, price.currency) if amount < before else "",
        saved=money.in_words(reduction.discount, price.currency) if reduction else "",
        note=_note(price, regular, reduction, now) if regular else "",
        is_given=amount == 0 and not offer.is_recurring,
        problem=problem,
    )


def _reduction(
    promotion: PromotionCode | None,
    price: Price,
    trial_days: int,
    user: User | None,
    now: datetime,
) -> tuple[Reduction | None, object]:
    """What a code makes of a price, or why it makes nothing."""
    if promotion is None:
        return None, ""
    try:
        found = promotions.reduce(promotion, price, trial_days=trial_days, buyer=user, now=now)
    except CannotUse as problem:
        return None, problem.message
    except gateway.GatewayError:
        return None, ""  # nothing can be bought until Stripe is back
    return found, ""


def of_membership(
    membership: Membership,
    *,
    currency: str,
    user: User | None,
    promotion: PromotionCode | None = None,
    now: datetime,
) -> list[Plan]:
    """The plans of one membership, as this visitor would get them."""
    prices = queries.prices_shown(currency, now=now).filter(offer__membership=membership)
    has_trial = trial_is_due(user)
    return [
        plan(price, has_trial=has_trial, promotion=promotion, user=user, now=now)
        for price in prices
    ]


def _regular_beside(price: Price) -> int | None:
    """What an early price is followed by, in the smallest unit."""
    if price.ends_at is None:
        return None
    beside = Price.objects.filter(
        offer=price.offer, currency=price.currency, is_active=True, ends_at=None
    )
    return beside.values_list("amount", flat=True).first()


def _note(price: Price, regular: int, reduction: Reduction | None, now: datetime) -> str:
    """Beside the amount and the struck-out regular price: what lies between them."""
    if reduction is None or price.ends_at is None:
        return early_note(price, regular, now=now)
    return _("Early price %(price)s until %(day)s; the code takes %(saved)s off") % {
        "price": money.in_words(price.amount, price.currency),
        "day": dates.day(price.ends_at - timedelta(seconds=1), now=now),
        "saved": money.in_words(reduction.discount, price.currency),
    }


def early_note(price: Price, regular: int, *, now: datetime) -> str:
    """「早鸟价，12 月 31 日止，之后 ¥99」"""
    assert price.ends_at is not None  # noqa: S101 — an early price
    words = _("Early price until %(day)s, then %(price)s")
    if price.offer.is_recurring:
        words = _("Early price until %(day)s, kept as long as it renews; then %(price)s")
    return words % {
        "day": dates.day(price.ends_at - timedelta(seconds=1), now=now),
        "price": money.in_words(regular, price.currency),
    }


def trial_is_due(user: User | None) -> bool:
    """Whether a trial would be given: once per learner."""
    if user is None:
        return True
    try:
        return checkout.may_have_trial(user)
    except gateway.GatewayError:
        return True  # nothing can be bought until Stripe is back; then it is asked again


def _title(offer: Offer) -> str:
    if offer.kind == Offer.Kind.TERM:
        if offer.term_months == 12:
            return _("One year, does not renew itself")
        return _("%(months)d months, does not renew itself") % {"months": offer.term_months}
    if offer.kind == Offer.Kind.RECURRING:
        return str(offer.get_interval_display())
    return _("Once, for good")


def _begins(offer: Offer, user: User | None, now: datetime) -> datetime:
    """From when on it counts: a term bought early prolongs the one that stands."""
    if user is None or offer.kind != Offer.Kind.TERM:
        return now
    return entitlement.end_of_standing_term(user, offer, at=now) or now


def _reduced(
    price: Price, trial_days: int, reduction: Reduction, term_begins: datetime, now: datetime
) -> str:
    """What is paid first with a code, until when it stays so, and what comes then."""
    offer = price.offer
    first = money.in_words(reduction.amount, price.currency)
    if not offer.is_recurring:
        return _once(offer, first, term_begins, now)
    interval = offer.interval or "month"
    words: dict[str, object] = {
        "price": first,
        "reduced": f"{first}/{money.per(interval)}",
        "rate": f"{money.in_words(price.amount, price.currency)}/{money.per(interval)}",
        "days": trial_days,
        "nothing": money.in_words(0, price.currency),
    }
    begins = now + timedelta(days=trial_days)
    second = periods.add_months(begins, MONTHS[interval])
    words["day"] = dates.day(begins, now=now)
    beginning = _("Today you pay %(price)s")
    if trial_days:
        beginning = _("Today you pay %(nothing)s (%(days)d days of trial), on %(day)s %(price)s")
    if reduction.full_from is None:
        rest = _("after that %(reduced)s, for as long as it renews.")
    else:
        words["later"] = dates.day(reduction.full_from, now=now)
        rest = (
            _("from %(later)s on it is %(rate)s.")
            if reduction.full_from <= second
            else _("then %(reduced)s; from %(later)s on it is %(rate)s.")
        )
    reminder = _("We remind you 5 days before each renewal.")
    # Translators: two halves of a sentence about payments, then a sentence
    return _("%(beginning)s; %(rest)s %(reminder)s") % {
        "beginning": beginning % words,
        "rest": rest % words,
        "reminder": reminder,
    }


def _once(offer: Offer, shown: str, begins: datetime, now: datetime) -> str:
    if offer.kind == Offer.Kind.TERM:
        day = dates.day(periods.add_months(begins, offer.term_months or 0), now=now)
        words = {"price": shown, "day": day}
        return _("Today you pay %(price)s. Yours until %(day)s; it does not renew itself.") % words
    if offer.course and offer.course.is_planned(timezone.localdate(now)):
        opens = dates.day(beginning.opens_at(offer.course, now=now), now=now)
        if offer.presale == Offer.Presale.AT_RELEASE:
            return _(
                "Today you pay nothing. Your card is kept by Stripe and charged %(price)s when the "
                "course opens, on %(day)s; until then you can give it up with one tap. Only a card "
                "can be kept, not Alipay or WeChat Pay."
            ) % {"price": shown, "day": opens}
        return _(
            "Today you pay %(price)s, once. The course opens on %(day)s. If it is given up, "
            "all of it goes back."
        ) % {"price": shown, "day": opens}
    return _("Today you pay %(price)s, once. It stays yours.") % {"price": shown}


def _sentence(price: Price, trial_days: int, term_begins: datetime, now: datetime) -> str:
    offer = price.offer
    words: dict[str, object] = {"price": money.in_words(price.amount, price.currency)}
    if not offer.is_recurring:
        return _once(offer, money.in_words(price.amount, price.currency), term_begins, now)
    words["rate"] = f"{words['price']}/{money.per(offer.interval or '')}"
    if trial_days:
        words["nothing"] = money.in_words(0, price.currency)
        words["days"] = trial_days
        words["day"] = dates.day(now + timedelta(days=trial_days), now=now)
        return (
            _(
                "Today you pay %(nothing)s (%(days)d days of trial); from %(day)s on it is "
                "%(rate)s. We remind you 5 days before each renewal."
            )
            % words
        )
    renews = periods.add_months(now, MONTHS[offer.interval or "month"])
    words["day"] = dates.day(renews, now=now)
    return (
        _(
            "Today you pay %(price)s; from %(day)s on it is %(rate)s. We remind you 5 days before "
            "each renewal."
        )
        % words
    )
