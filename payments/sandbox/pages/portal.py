"""The customer portal, for people: cancel, resume, switch, change the card, see invoices."""

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from operations import clock
from payments.sandbox import keeping, store, subscriptions
from payments.sandbox.errors import InvalidRequestError
from payments.sandbox.models import StripeObject
from payments.sandbox.pages.card_form import EXAMPLES, CardForm, example, words_for
from payments.sandbox.pages.layout import page, unknown_is_404
from payments.sandbox.parameters import Params
from payments.sandbox.store import Shape
from payments.sandbox.subscription_api import update_subscription


def _session(path: str) -> StripeObject:
    found = store.every("billing_portal.session").filter(private__path=path).first()
    if found is None:
        raise Http404
    return found


def _features(session: StripeObject) -> Shape:
    configuration = store.get("billing_portal.configuration", session.data["configuration"])
    features: Shape = configuration.data["features"]
    return features


@require_safe
def portal(request: HttpRequest, path: str) -> HttpResponse:
    return _page(request, _session(path))


def _page(request: HttpRequest, session: StripeObject, *, problem: str = "") -> HttpResponse:
    features = _features(session)
    customer = store.get("customer", session.customer)
    invoices = store.every("invoice").filter(customer=session.customer).order_by("-id")[:24]
    context = {
        "session": session.data,
        "path": session.private["path"],
        "customer": customer.data,
        "features": features,
        "subscriptions": [_shown(found, features) for found in _subscriptions(session)],
        "invoices": [row.data for row in invoices],
        "problem": problem,
    }
    return page(
        request,
        "portal.html",
        context,
        locale=session.data["locale"],
        leads_to=(session.data["return_url"],),
    )


def _subscriptions(session: StripeObject) -> list[StripeObject]:
    return list(store.every("subscription").filter(customer=session.customer).order_by("-id"))


def _shown(subscription: StripeObject, features: Shape) -> Shape:
    item = subscriptions.rows(subscription)[0]
    method = subscription.data["default_payment_method"]
    return {
        "data": subscription.data,
        "name": store.get("product", item["price"]["product"]).data["name"],
        "price": item["price"],
        "ends": item["current_period_end"],
        "live": subscription.data["status"] in subscriptions.LIVE,
        "card": store.get("payment_method", method).data["card"] if method else None,
        "others": _other_prices(item["price"]["id"], features),
    }


def _other_prices(current: str, features: Shape) -> list[Shape]:
    switching = features["subscription_update"]
    if not switching["enabled"]:
        return []
    ids = [price for product in switching["products"] for price in product["prices"]]
    return [store.get("price", stripe_id).data for stripe_id in ids if stripe_id != current]


@require_POST
@unknown_is_404
def change(request: HttpRequest, path: str, subscription_id: str) -> HttpResponse:
    """Cancel, resume or switch one subscription of this customer."""
    session = _session(path)
    subscription = store.get("subscription", subscription_id)
    wanted = _wanted(request, subscription, _features(session))
    if subscription.customer != session.customer or wanted is None:
        raise Http404
    try:
        with store.transaction():
            update_subscription(Params(wanted), clock.now(), subscription_id)
    except InvalidRequestError as error:
        return _page(request, session, problem=error.message)
    return redirect("sandbox:portal", path)


def _wanted(request: HttpRequest, subscription: StripeObject, features: Shape) -> Shape | None:
    """The parameters of the change; None for one that the portal does not offer."""
    action = request.POST.get("action")
    if action in {"cancel", "resume"} and features["subscription_cancel"]["enabled"]:
        return {"cancel_at_period_end": "true" if action == "cancel" else "false"}
    item = subscriptions.rows(subscription)[0]
    offered = [price["id"] for price in _other_prices(item["price"]["id"], features)]
    if action == "switch" and request.POST.get("price") in offered:
        return {
            "items": [{"id": item["id"], "price": request.POST["price"]}],
            "proration_behavior": features["subscription_update"]["proration_behavior"],
        }
    return None


@sensitive_post_parameters()
@require_http_methods(["GET", "HEAD", "POST"])
def card(request: HttpRequest, path: str) -> HttpResponse:
    session, now = _session(path), clock.now()
    email = store.get("customer", session.customer).data["email"]
    if request.method != "POST":
        form = CardForm(now=now, email=email, initial=example(request.GET.get("card", "")))
        return _card(request, session, form)
    form = CardForm(request.POST, now=now, email=email)
    if not form.is_valid():
        return _card(request, session, form)
    outcome = keeping.change_card(session, form.filled(), now=now)
    if outcome.kind == "authenticate":
        return redirect("sandbox:portal-secure", path)
    if outcome.decline:
        return _card(request, session, form, problem=words_for(outcome.decline))
    return redirect("sandbox:portal", path)


def _card(
    request: HttpRequest,
    session: StripeObject,
    form: CardForm,
    *,
    problem: str = "",
) -> HttpResponse:
    context = {
        "form": form,
        "path": session.private["path"],
        "examples": EXAMPLES,
        "problem": problem,
    }
    return page(request, "portal_card.html", context, locale=session.data["locale"])


@require_http_methods(["GET", "HEAD", "POST"])
def secure(request: HttpRequest, path: str) -> HttpResponse:
    session = _session(path)
    if request.method != "POST":
        return page(request, "secure.html", {}, locale=session.data["locale"])
    approved = request.POST.get("answer") == "approve"
    outcome = keeping.authenticate(session, approved=approved, now=clock.now())
    if outcome.decline:
        email = store.get("customer", session.customer).data["email"]
        form = CardForm(now=clock.now(), email=email)
        return _card(request, session, form, problem=words_for(outcome.decline))
    return redirect("sandbox:portal", path)
