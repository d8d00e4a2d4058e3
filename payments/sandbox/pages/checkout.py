"""The Checkout page, for people: by card or wallet, with 3-D Secure, and the way back."""

from datetime import datetime

import qrcode
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.safestring import mark_safe
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods
from qrcode.image.svg import SvgPathImage

from operations import clock
from payments.sandbox import completing, store
from payments.sandbox.checkout import WALLETS
from payments.sandbox.completing import Outcome, SessionClosedError
from payments.sandbox.models import StripeObject
from payments.sandbox.pages.card_form import EXAMPLES, CardForm, example, words_for
from payments.sandbox.pages.layout import page, unknown_is_404

ANSWERS: dict[str, completing.WalletAnswer] = {
    "paid": "paid",
    "refused": "refused",
    "paid_later": "paid_later",
    "refused_later": "refused_later",
}


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
@unknown_is_404
def checkout(request: HttpRequest, session_id: str) -> HttpResponse:
    session, now = store.get("checkout.session", session_id), clock.now()
    if session.data["status"] != "open":
        return _closed(request, session)
    if request.method == "POST" and completing.is_free(session):
        return _go_on(request, session_id, completing.complete_free(session_id, now=now))
    email = session.data["customer_email"]
    if request.method != "POST":
        given = example(request.GET.get("card", ""))
        form = CardForm(now=now, email=email, session=session.data, initial=given)
        return _form(request, session, form, now)
    form = CardForm(request.POST, now=now, email=email, session=session.data)
    if not form.is_valid():
        return _form(request, session, form, now)
    try:
        outcome = completing.pay_by_card(session_id, form.filled(), now=now)
    except SessionClosedError:
        return redirect("sandbox:checkout", session_id)
    return _go_on(request, session_id, outcome, form)


def _go_on(
    request: HttpRequest, session_id: str, outcome: Outcome, form: CardForm | None = None
) -> HttpResponse:
    """Back to the shop, to 3-D Secure, or to the form with what went wrong."""
    session, now = store.get("checkout.session", session_id), clock.now()
    if outcome.kind == "complete":
        return HttpResponseRedirect(session.data["success_url"])
    if outcome.kind == "authenticate":
        return redirect("sandbox:secure", session_id)
    form = form or CardForm(now=now, email=session.data["customer_email"], session=session.data)
    problem = words_for(outcome.decline) if outcome.decline else ""
    return _form(request, session, form, now, problem=problem)


def _form(
    request: HttpRequest,
    session: StripeObject,
    form: CardForm,
    now: datetime,
    *,
    problem: str = "",
) -> HttpResponse:
    types = session.data["payment_method_types"]
    context = {
        "session": session.data,
        "lines": session.private["line_items"],
        "due": completing.due_today(session),
        "free": completing.is_free(session),
        "trial_end": completing.trial_end(session, store.stamp(now)),
        "form": form if "card" in types else None,
        "wallets": [wallet for wallet in WALLETS if wallet in types],
        "examples": EXAMPLES,
        "problem": problem,
    }
    urls = (session.data["success_url"], session.data["cancel_url"])
    return page(
        request,
        "checkout.html",
        context,
        locale=session.data["locale"],
        leads_to=urls,
    )


def _closed(request: HttpRequest, session: StripeObject) -> HttpResponse:
    context = {"session": session.data}
    return page(request, "checkout_closed.html", context, locale=session.data["locale"])


@require_http_methods(["GET", "HEAD", "POST"])
@unknown_is_404
def secure(request: HttpRequest, session_id: str) -> HttpResponse:
    """Where a bank would ask whether it is you."""
    session = store.get("checkout.session", session_id)
    if session.data["status"] != "open":
        return redirect("sandbox:checkout", session_id)
    if request.method == "POST":
        approved = request.POST.get("answer") == "approve"
        try:
            outcome = completing.authenticate(session_id, approved=approved, now=clock.now())
        except SessionClosedError:
            return redirect("sandbox:checkout", session_id)
        return _go_on(request, session_id, outcome)
    context = {"amount": completing.due_today(session), "currency": session.data["currency"]}
    return page(
        request,
        "secure.html",
        context,
        locale=session.data["locale"],
        leads_to=(session.data["success_url"],),
    )


@require_http_methods(["GET", "HEAD", "POST"])
@unknown_is_404
def wallet(request: HttpRequest, session_id: str, wallet: str) -> HttpResponse:
    """The QR code, and the buttons that stand for the phone."""
    session = store.get("checkout.session", session_id)
    types = session.data["payment_method_types"]
    if session.data["status"] != "open" or wallet not in WALLETS or wallet not in types:
        return redirect("sandbox:checkout", session_id)
    if request.method == "POST" and (answer := ANSWERS.get(request.POST.get("answer", ""))):
        try:
            outcome = completing.pay_by_wallet(session_id, wallet, answer, now=clock.now())
        except SessionClosedError:
            return redirect("sandbox:checkout", session_id)
        return _go_on(request, session_id, outcome)
    address = request.build_absolute_uri(reverse("sandbox:wallet", args=[session_id, wallet]))
    context = {
        "amount": session.data["amount_total"],
        "currency": session.data["currency"],
        "session": session.data,
        "wallet": wallet,
        "blocked": wallet == "alipay" and "MicroMessenger" in request.headers.get("User-Agent", ""),
        "code": _picture(address),
    }
    return page(
        request,
        "wallet.html",
        context,
        locale=session.data["locale"],
        leads_to=(session.data["success_url"],),
    )


def _picture(address: str) -> str:
    """A QR code as SVG, of our own making: no text of others is in it."""
    picture = qrcode.make(address, image_factory=SvgPathImage, border=2)
    return mark_safe(picture.to_string(encoding="unicode"))  # noqa: S308
