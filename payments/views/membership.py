"""/membership/: one membership, every course."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import currencies, limits
from accounts.models import User
from courses.models import Grant, Membership
from operations import clock, errors
from pages import dates
from payments import (
    checkout,
    comparison,
    money,
    notices,
    plans,
    promotion_in_hand,
    queries,
    reservation_standing,
    switching,
    win_back,
)
from payments.attribution import from_query, is_in_wechat
from payments.models import Offer, Price, Subscription


@require_safe
def membership(request: HttpRequest) -> HttpResponse:
    """The first membership that is for sale, as it stands for whoever looks."""
    if "code" in request.GET and not limits.consume(request, "promotion_code"):
        return errors.too_many(request, after=limits.longest_wait("promotion_code"))
    now = clock.now()
    user = request.user if request.user.is_authenticated else None
    seen_in = currencies.of(request)
    brought = promotion_in_hand.of(request, now=now)
    offered = Membership.objects.filter(is_for_sale=True).first()
    held = queries.ownership(request.user, offered, now=now) if offered else queries.Ownership([])
    found = (
        plans.of_membership(
            offered, currency=seen_in, user=user, promotion=brought.promotion, now=now
        )
        if offered
        else []
    )
    have = _held(user, now) if user else set()
    halted = notices.of_subscription(user, now=now) if user else None
    if user and offered and not held:
        halted = halted or notices.of_membership_dispute(user, offered)
    waiting = queries.confirming(user, offered).last() if user and offered else None
    if waiting:
        found, halted = [], reservation_standing.on_its_way(waiting)
    if user and (held or halted):
        found = [each for each in found if checkout.may_buy(user, each.offer, now=now)]
    return TemplateResponse(
        request,
        "payments/membership.html",
        {
            "membership": offered,
            "plans": found,
            "others": _others(offered, seen_in, now),
            "trial_is_due": plans.trial_is_due(user),
            "held": held,
            "halted": halted,
            "held_others": have,
            "contained": queries.contained_in(have) if have else set(),
            "held_words": _held_words(offered, user, now) if held and user and offered else "",
            "switch_from": _to_switch(user, found),
            "to_give": queries.prices_shown(seen_in, now=now).filter(
                offer__membership=offered, offer__kind=Offer.Kind.TERM
            )
            if offered
            else [],
            "trial_is_over": bool(user and found and _trial_is_over(found)),
            "attribution": from_query(request),
            "in_hand": brought,
            "win_back": win_back.standing(user, now=now) if user and not brought.typed else None,
            "code_problem": brought.problem or _code_problem(found),
            "in_wechat": is_in_wechat(request)
            and any(not each.offer.is_recurring for each in found),
            "by_wallet": _by_wallet(found),
            "grace_days": settings.GRACE_DAYS,
            "compared": comparison.of(
                offered,
                [each.price for each in found],
                currency=seen_in,
                today=timezone.localdate(now),
            )
            if offered and found
            else None,
        },
    )


def _by_wallet(found: list[plans.Plan]) -> str:
    """Which of them Alipay and WeChat Pay pay for, where that is not all: only a card renews."""
    once = [each.title for each in found if not each.offer.is_recurring]
    if len(once) == len(found) or not {"alipay", "wechat_pay"} <= set(
        settings.STRIPE_PAYMENT_METHODS
    ):
        return ""
    return _(", ").join(once)


def _to_switch(user: User | None, found: list[plans.Plan]) -> Subscription | None:
    """A subscription that can go over to one of these plans, rather than both going on."""
    if user is None:
        return None
    rows = (switching.from_which(user, each.price) for each in found)
    return next((row for row in rows if row), None)


@dataclass(frozen=True)
class Further:
    """A price of a further membership; `was` and `early` where a regular one follows it."""

    price: Price
    membership: Membership | None
    was: str = ""
    early: str = ""


def _others(offered: Membership | None, currency: str, now: datetime) -> list[Further]:
    """The prices of further memberships, each membership's together. One query."""
    prices = queries.prices_shown(currency, now=now).filter(offer__membership__isnull=False)
    prices = prices.exclude(offer__membership=offered).order_by(
        "offer__membership__sort_order", "offer__membership", "offer__sort_order", "offer"
    )
    found = []
    for price in prices:
        regular: int | None = getattr(price, "regular_amount", None)
        early = {}
        if regular is not None:
            early = {
                "was": money.in_words(regular, price.currency),
                "early": plans.early_note(price, regular, now=now),
            }
        found.append(Further(price, price.offer.membership, **early))
    return found


def _held(user: User, now: datetime) -> set[int]:
    """The memberships that somebody has now."""
    held = Grant.objects.filter(learner=user, membership__isnull=False).active(now)
    return set(held.values_list("membership_id", flat=True))


def _trial_is_over(found: list[plans.Plan]) -> bool:
    """Whether somebody sees no trial because they had theirs."""
    return any(each.offer.trial_days and not each.trial_days for each in found)


def _code_problem(found: list[plans.Plan]) -> object:
    """Why a code gives nothing for any of the plans."""
    if any(each.saved for each in found):
        return ""
    return next((each.problem for each in found if each.problem), "")


def _held_words(membership: Membership, user: User, now: datetime) -> str:
    """Until when it is held: to the period's end, not the day after."""
    live = Subscription.objects.filter(
        learner=user, offer__membership=membership, status__in=Subscription.LIVE
    ).first()
    last = live.period_end if live else None
    if live and live.renews and last:
        words = _("You are a member; it renews itself on %(day)s.")
        return words % {"day": dates.day(last, now=now)}
    last = last or queries.held_until(user, membership, now=now)
    if last is None:
        return _("You are a member for good.")
    return _("You are a member until %(until)s.") % {"until": dates.day(last, now=now)}
