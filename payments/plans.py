"""What buying means, in the buyer's words: what is paid today, and what comes after."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.utils.translation import gettext as _

from accounts.models import User
from courses.models import Membership
from pages import dates
from payments import checkout, gateway, money, periods, queries
from payments.models import Offer, Price

MONTHS = {"month": 1, "quarter": 3, "year": 12}


@dataclass(frozen=True)
class Plan:
    """One way of buying, with everything that a page says of it."""

    price: Price
    trial_days: int
    title: str
    shown: str
    sentence: str

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


def plan(price: Price, *, has_trial: bool, now: datetime) -> Plan:
    offer = price.offer
    trial_days = offer.trial_days if has_trial else 0
    return Plan(
        price=price,
        trial_days=trial_days,
        title=_title(offer),
        shown=money.in_words(price.amount, price.currency),
        sentence=_sentence(price, trial_days, now),
    )


def of_membership(membership: Membership, *, user: User | None, now: datetime) -> list[Plan]:
    """The plans of one membership, as this visitor would get them."""
    prices = queries.prices_in_force().filter(offer__membership=membership)
    has_trial = trial_is_due(user)
    return [plan(price, has_trial=has_trial, now=now) for price in prices]


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


def _sentence(price: Price, trial_days: int, now: datetime) -> str:
    offer = price.offer
    words: dict[str, object] = {"price": money.in_words(price.amount, price.currency)}
    if offer.kind == Offer.Kind.TERM:
        ends = periods.add_months(now, offer.term_months or 0)
        words["day"] = dates.day(ends, now=now)
        return _("Today you pay %(price)s. Yours until %(day)s; it does not renew itself.") % words
    if offer.kind == Offer.Kind.ONE_OFF:
        return _("Today you pay %(price)s, once. It stays yours.") % words
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
