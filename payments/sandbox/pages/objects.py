"""Every object of the sandbox has a page: what it says, its events, what else its customer has."""

import json

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from payments.sandbox import store
from payments.sandbox.models import StripeObject
from payments.sandbox.pages.layout import guarded, page

MOST = 50
# What of a customer is worth a link: the rest are parts of these.
SHOWN = (
    "subscription",
    "invoice",
    "checkout.session",
    "payment_intent",
    "setup_intent",
    "charge",
    "payment_method",
    "subscription_schedule",
)


@require_safe
def find(request: HttpRequest) -> HttpResponse:
    """GET ?q=: an id, or a customer's e-mail."""
    guarded(request)
    asked = request.GET.get("q", "").strip()
    found = StripeObject.objects.filter(stripe_id=asked).first()
    found = found or store.every("customer").filter(data__email__iexact=asked).last()
    if found is None:
        messages.error(request, _("The sandbox has nothing of this name."))
        return redirect("sandbox:console")
    return redirect("sandbox:object", found.stripe_id)


@require_safe
def show(request: HttpRequest, stripe_id: str) -> HttpResponse:
    guarded(request)
    row = get_object_or_404(StripeObject, stripe_id=stripe_id)
    customer = row.stripe_id if row.kind == "customer" else row.customer
    of_it = StripeObject.objects.filter(customer=customer, kind__in=SHOWN).exclude(pk=row.pk)
    events = store.every("event").filter(data__data__object__id=stripe_id)
    context = {
        "row": row,
        "customer": customer if customer != row.stripe_id else "",
        "others": of_it.order_by("-id")[:MOST] if customer else [],
        "events": events.order_by("-id")[:MOST],
        "body": json.dumps(row.data, ensure_ascii=False, indent=2),
    }
    return page(request, "object.html", context)
