"""Hosted invoices and receipts."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_http_methods, require_safe

from operations import clock
from payments.sandbox import cycle, invoices, payment, store
from payments.sandbox.models import StripeObject
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
            answer = request.POST.get("answer", "")
            if found.data["status"] == "open":
                problem = _pay(found, answer)
        if not answer and invoices.needs_action(found):
            due = {"amount": found.data["amount_due"], "currency": found.data["currency"]}
            return page(request, "secure.html", due)
    context = {"invoice": store.get("invoice", invoice_id).data, "problem": problem}
    return page(request, "invoice.html", context)


def _pay(found: StripeObject, answer: str) -> str:
    """Charges the card on file; where the bank asks whether it is the payer, by their answer.
    Gives what went wrong, in words."""
    if answer == "fail":
        return words_for(payment.NOT_AUTHENTICATED)
    approved = answer == "approve" and invoices.needs_action(found)
    decline = cycle.collect(found, clock.now(), by_hand=True, authenticated=approved)
    return words_for(decline) if decline else ""


@require_safe
@unknown_is_404
def receipt(request: HttpRequest, charge_id: str) -> HttpResponse:
    charge = store.get("charge", charge_id)
    refunds = store.every("refund").filter(data__charge=charge_id).order_by("id")
    context = {"charge": charge.data, "refunds": [refund.data for refund in refunds]}
    return page(request, "receipt.html", context)
