"""Before Stripe's own page: what is bought, at which price; then the way there."""

import uuid
from datetime import datetime, timedelta

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts import currencies, limits
from accounts.limits import limited
from accounts.models import User
from operations import clock, errors
from payments import (
    attribution,
    beginning,
    bundles,
    measures,
    notices,
    plans,
    promotion_in_hand,
    promotions,
    queries,
    reserving,
    switching,
)
from payments import checkout as payment
from payments.models import Offer, Order, Price, PromotionCode


@require_safe
def buy(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """What is bought and what it costs, with one button. Buying goes on here after sign-in."""
    if "code" in request.GET and not limits.consume(request, "promotion_code"):
        return errors.too_many(request, after=limits.longest_wait("promotion_code"))
    offer = offer_of(key)
    if begun := _begun(request, offer):
        return redirect("order", begun.key)
    return _page(request, offer)


def _begun(request: HttpRequest, offer: Offer) -> Order | None:
    """The order by which whoever looks has reserved the course, or paid and a wallet is still to
    confirm it."""
    if not request.user.is_authenticated:
        return None
    found = queries.confirming(request.user, offer.sellable)
    if offer.course_id is not None:
        reserved = reserving.standing().filter(buyer_id=request.user.pk)
        found = reserved.filter(price__offer__course=offer.course_id) | found
    return found.order_by("pk").last()


@require_POST
@limited("checkout")
def checkout(request: HttpRequest) -> HttpResponse:
    """Leads to Stripe's page. POST `price` (its key: what the buyer saw), the `code` that the page
    reckoned with, `from`, `block`; of a bundle `inside`, the courses that were shown."""
    price = price_of(request.POST.get("price", ""))
    led_by = attribution.from_form(request)
    code = request.POST.get("code", "")[: promotion_in_hand.LONGEST]
    here = reverse("payments_buy", args=[price.offer.key]) + attribution.as_query(led_by, code)
    if not request.user.is_authenticated:
        return redirect_to_login(here)
    try:
        started = payment.start(
            buyer=request.user,
            price=price,
            promotion=_promotion(code, now=clock.now()),
            attribution=led_by,
            inside=_inside(request) if price.offer.bundle_id else None,
            now=clock.now(),
        )
    except promotions.CannotUse as problem:
        # The page that says so asks for another price than the one that was agreed to.
        measures.CHECKOUTS.add(type(problem).__name__)
        return _page(request, price.offer, code_problem=problem.message, status=409)
    except payment.CannotStart as problem:
        measures.CHECKOUTS.add(type(problem).__name__)
        return _not_begun(request, price, here, problem)
    measures.CHECKOUTS.add("started")
    return HttpResponseRedirect(started.url, status=303)


def _not_begun(
    request: HttpRequest, price: Price, here: str, problem: payment.CannotStart
) -> HttpResponse:
    """Where a buyer is led whom Stripe's page does not await."""
    if isinstance(problem, payment.AlreadyPaid):
        return redirect(f"{reverse('payments_return')}?order={problem.order.key.hex}")
    if isinstance(problem, payment.StripeUnavailable):
        return _page(request, price.offer, problem=str(problem.message), status=503)
    if isinstance(problem, payment.ContentsChanged) and price.offer.bundle:
        told = bundles.changed(price.offer.bundle, was=problem.was)
        return _page(request, price.offer, problem=told, status=409)
    if not isinstance(problem, payment.AlreadyOwned):  # the page it leads to says that
        messages.warning(request, problem.message)
    return redirect(here)


def _inside(request: HttpRequest) -> set[int]:
    """The courses of the bundle that the form showed."""
    return {int(word) for word in request.POST.get("inside", "").split() if word.isdecimal()}


def _promotion(code: str, *, now: datetime) -> PromotionCode | None:
    return promotions.find(code, now=now) if code else None


def _page(
    request: HttpRequest,
    offer: Offer,
    *,
    problem: str = "",
    code_problem: object = "",
    status: int = 200,
) -> TemplateResponse:
    now = clock.now()
    user = request.user if request.user.is_authenticated else None
    price = price_shown(request, offer, now=now)
    reserves = bool(price and reserving.reserves(price, now=now))
    brought = promotion_in_hand.of(request, now=now)
    plan = (
        plans.plan(
            price,
            has_trial=plans.trial_is_due(user),
            promotion=None if code_problem or reserves else brought.promotion,
            user=user,
            now=now,
        )
        if price and not price.is_free
        else None
    )
    owned = user is not None and not payment.may_buy(user, offer, now=now)
    shut = _shut(user, offer, now) if owned and user else None
    led_by = attribution.from_form(request) if request.POST else attribution.from_query(request)
    context = {
        "offer": offer,
        "plan": plan,
        "reserves": reserves,
        "free": price if price and price.is_free else None,
        "free_until": price.ends_at - timedelta(seconds=1) if price and price.ends_at else None,
        "in_hand": brought,
        "code_problem": code_problem or brought.problem or (plan.problem if plan else ""),
        "owned": owned,
        "shut": shut,
        "switch_from": switching.from_which(user, plan.price)
        if plan and user and not owned
        else None,
        "contents": bundles.contents(
            offer.bundle, currency=price.currency, user=request.user, now=now
        )
        if offer.bundle and price
        else None,
        "begin": beginning.of(offer.sellable, user, now=now)
        if owned and user and not shut
        else None,
        "problem": problem,
        "attribution": led_by,
        "in_wechat": attribution.is_in_wechat(request) and not offer.is_recurring,
        "sellable_url": beginning.address(offer.sellable),
    }
    return TemplateResponse(request, "payments/buy.html", context, status=status)


def _shut(user: User, offer: Offer, now: datetime) -> notices.Notice | None:
    """Why what somebody need not buy is closed to them, and the way to go on; None: it is open."""
    if queries.ownership(user, offer.sellable, now=now).direct:
        return None
    if offer.course:
        return notices.of_waiting(user, offer.course)
    if offer.membership:
        halted = notices.of_subscription(user, now=now)
        return halted or notices.of_membership_dispute(user, offer.membership)
    return None


def price_shown(request: HttpRequest, offer: Offer, *, now: datetime) -> Price | None:
    """What it costs now whoever looks; None where it is not for sale."""
    price = queries.prices_shown(currencies.of(request), now=now).filter(offer=offer).first()
    if price is not None and beginning.is_planned(offer.sellable, now=now) and not offer.presale:
        return None
    return price


def price_for_others(request: HttpRequest, offer: Offer, *, now: datetime) -> Price | None:
    """The same for a gift or for colleagues: what is free needs no code."""
    price = price_shown(request, offer, now=now)
    return None if price and price.is_free else price


def offer_of(key: uuid.UUID) -> Offer:
    found = Offer.objects.select_related("course", "bundle", "membership")
    return get_object_or_404(found, key=key)


def price_of(key: str) -> Price:
    try:
        known = uuid.UUID(key)
    except ValueError:
        raise Http404(_("There is no such price.")) from None
    found = Price.objects.select_related("offer__course", "offer__bundle", "offer__membership")
    return get_object_or_404(found, key=known)
