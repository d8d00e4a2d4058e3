"""Hosted invoices and receipts."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_safe

from operations import clock
from payments.sandbox import cycle, store
from payments.sandbox.pages.card_form import words_for
from payments.sandbox.pages.layout import page, unknown_is_404


@require_http_methods(["GET", "HEAD", "POST"])
@unknown_is_404
def invoice(request: HttpRequest, invoice_id: str) -> HttpResponse:
    """An invoice, and where it is open a button that charges the card on file."""
    problem = ""
    if request.method == "POST":
        with store.transaction():
            found = store.get("invoice", invoice_id)
            if found.data["status"] == "open":
                decline = cycle.collect(found, clock.now(), by_hand=True)
                problem = words_for(decline) if decline else ""
    context = {"invoice": store.get("invoice", invoice_id).data, "problem": problem}
    return page(request, "invoice.html", context)


@require_safe
@unknown_is_404
def receipt(request: HttpRequest, charge_id: str) -> HttpResponse:
    charge = store.get("charge", charge_id)
    refunds = store.every("refund").filter(data__charge=charge_id).order_by("id")
    context = {"charge": charge.data, "refunds": [refund.data for refund in refunds]}
    return page(request, "receipt.html", context)
