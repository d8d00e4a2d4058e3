"""/bundles/<slug>/: several courses at one price."""

from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.views.decorators.http import require_safe

from accounts import currencies
from courses.models import Bundle
from operations import clock
from payments import (
    attribution,
    beginning,
    bundles,
    promotion_in_hand,
    queries,
    reservation_standing,
)
from payments.models import Order, Price


@require_safe
def bundle(request: HttpRequest, slug: str) -> HttpResponse:
    """What is in it, beside the prices of its courses alone, and what one has of it already."""
    now = clock.now()
    found = get_object_or_404(_visible_to(request), slug=slug)
    user, seen_in = request.user, currencies.of(request)
    price = queries.prices_shown(seen_in, now=now).filter(offer__bundle=found).first()
    contents = bundles.contents(
        found, currency=price.currency if price else seen_in, user=user, now=now
    )
    held = contents.all_owned
    waiting = queries.confirming(user, found).last() if user.is_authenticated else None
    context = {
        "bundle": found,
        "contents": contents,
        "price": price,
        "waiting": reservation_standing.on_its_way(waiting) if waiting else None,
        "sum_alone": contents.sum_alone,
        "saved": _saved(contents, price.amount) if price else None,
        "held": held,
        "begin": beginning.of(found, user, now=now) if user.is_authenticated and held else None,
        "buy_url": _buy_url(request, price) if price else "",
    }
    return TemplateResponse(request, "payments/bundle.html", context)


def _buy_url(request: HttpRequest, price: Price) -> str:
    """With what led here, and a promotion code that a link brought."""
    code = request.GET.get("code", "")[: promotion_in_hand.LONGEST]
    led_by = attribution.as_query(attribution.from_query(request), code)
    return reverse("payments_buy", args=[price.offer.key]) + led_by


def _visible_to(request: HttpRequest) -> QuerySet[Bundle]:
    """Those for sale, and what somebody bought before."""
    bought = Order.objects.filter(buyer_id=request.user.pk).values("price__offer__bundle")
    return Bundle.objects.filter(Q(is_for_sale=True) | Q(pk__in=bought))


def _saved(contents: bundles.Contents, amount: int) -> int | None:
    """By how much the bundle costs less than what is lacking one by one; None where it does not."""
    alone = contents.sum_alone
    return alone - amount if alone and alone > amount else None
