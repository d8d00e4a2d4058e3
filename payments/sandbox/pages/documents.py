"""Hosted invoices and receipts."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_safe

from operations import clock
from payments.sandbox import cycle, invoices, keeping, payment, store
from payments.sandbox.completing import Filled
from payments.sandbox.models import StripeObject
from payments.sandbox.pages.card_form import EXAMPLES, CardForm, example, words_for
from payments.sandbox.pages.layout import page, unknown_is_404


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@unknown_is_404
def invoice(request: HttpRequest, invoice_id: str) -> HttpResponse:
    """An invoice, and where it is open ways to pay it: by the card on file, or another one."""
    problem, form = "", _card_form(request, store.get("invoice", invoice_id))
    typed = form.is_bound
    if request.method == "POST" and (not typed or form.is_valid()):
        with store.transaction():
            found = store.get("invoice", invoice_id)
            answer = request.POST.get("answer", "")
            if found.data["status"] == "open":
                card = form.filled() if typed else None
                problem = _keep(found, card) or _pay(found, answer)
        if not answer and invoices.needs_action(found):
            due = {"amount": found.data["amount_due"], "currency": found.data["currency"]}
            return page(request, "secure.html", due)
    shown = {"form": form, "examples": EXAMPLES, "typing": typed or "card" in request.GET}
    context = {"invoice": store.get("invoice", invoice_id).data, "problem": problem} | shown
    return page(request, "invoice.html", context)


def _card_form(request: HttpRequest, found: StripeObject) -> CardForm:
    email = store.get("customer", found.customer).data["email"]
    typed = request.POST if "number" in request.POST else None
    proposed = example(request.GET.get("card", ""))
    return CardForm(typed, now=clock.now(), email=email, initial=proposed)


def _keep(found: StripeObject, card: Filled | None) -> str:
    """What went wrong with another card, in words."""
    decline = keeping.card_for_invoice(found, card, now=clock.now()) if card else None
    return words_for(decline) if decline else ""


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
    return page(request, "receipt.html", context | _sold(charge))


def _sold(charge: StripeObject) -> dict[str, object]:
    """What was paid for, what of it is tax and of whom; a bill has a page of its own."""
    payment = charge.data["payment_intent"]
    session = store.every("checkout.session").filter(data__payment_intent=payment).first()
    if session is None or not payment:
        return {}
    return {
        "lines": session.private["line_items"],
        "tax": session.data["total_details"]["amount_tax"],
        "tax_ids": session.data["customer_details"].get("tax_ids") or [],
    }
