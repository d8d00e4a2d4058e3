"""The pages, walked as a person without JavaScript would."""

import re
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import stripe
from django.test import Client
from django.utils import translation

from accounts.models import User
from pages.site_shown import shown_to
from payments.sandbox.models import Fault, StripeObject, World
from tests.sandbox import factories

pytestmark = pytest.mark.django_db
CARD = {"expiry": "12 / 34", "cvc": "123", "name": "Lin Lan", "email": "lan@example.com"}


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    with translation.override("en"):
        yield


@pytest.fixture
def browser(client: Client) -> Client:
    client.cookies["django_language"] = "en"
    return client


def path(url: str) -> str:
    return re.sub(r"^https?://[^/]+", "", url)


def text(answer: Any) -> str:
    return re.sub(r"\s+", " ", answer.content.decode())


def opened(**params: Any) -> Any:
    return factories.session(locale="en", **params)


def test_a_buyer_sees_the_price_and_pays(api: Any, browser: Client) -> None:
    session = opened()
    page = text(browser.get(path(session.url)))
    assert "全部课程" in page
    assert "CN¥99" in page
    assert 'href="http://testserver/courses/"' in page
    answer = browser.post(path(session.url), {**CARD, "number": "4242 4242 4242 4242"})
    assert answer.status_code == 302
    assert answer["Location"] == f"http://testserver/paid/?session={session.id}"
    done = api.v1.checkout.sessions.retrieve(session.id)
    assert done.payment_status == "paid"
    assert done.customer_details.email == "lan@example.com"
    assert "This is paid" in text(browser.get(path(session.url)))


def test_a_declined_card_says_that_nothing_was_charged(api: Any, browser: Client) -> None:
    session = opened()
    for number, words in (
        (factories.DECLINED, "Nothing was charged; you can try another one."),
        (factories.NO_FUNDS, "There is not enough money on this card. Nothing was charged."),
    ):
        answer = browser.post(path(session.url), {**CARD, "number": number})
        assert words in text(answer)
        assert "lan@example.com" in text(answer)  # what was typed stays
    assert api.v1.charges.list().data[0].status == "failed"
    answer = browser.post(path(session.url), {**CARD, "number": factories.GOOD})
    assert answer.status_code == 302


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        ({"number": "4242424242424241"}, "not a card number"),
        ({"number": "4000056655665556"}, "Only test cards"),
        ({"number": ""}, "required"),
        ({"expiry": "13 / 34"}, "month and year"),
        ({"expiry": "01 / 20"}, "expired"),
        ({"cvc": "1"}, "three or four digits"),
        ({"email": "nobody"}, "valid email"),
    ],
)
def test_a_mistyped_form_says_where(
    api: Any, browser: Client, typed: dict[str, str], words: str
) -> None:
    session = opened()
    answer = browser.post(path(session.url), {**CARD, "number": factories.GOOD, **typed})
    assert words in text(answer)
    assert api.v1.charges.list().data == []


def test_a_test_card_is_one_tap_away(api: Any, browser: Client) -> None:
    url = path(opened().url)
    assert 'href="?card=declined#id_number"' in text(browser.get(url))
    assert 'value="4000000000000002"' in text(browser.get(url + "?card=declined"))
    assert browser.get(url + "?card=nonsense").status_code == 200


def test_three_d_secure_asks_on_a_page_of_its_own(api: Any, browser: Client) -> None:
    session = opened()
    for answer, then in (("fail", 200), ("approve", 302)):
        asked = browser.post(path(session.url), {**CARD, "number": factories.THREE_D_SECURE})
        assert asked["Location"] == f"/sandbox/checkout/{session.id}/secure/"
        assert "CN¥99" in text(browser.get(asked["Location"]))
        assert browser.post(asked["Location"], {"answer": answer}).status_code == then
    assert api.v1.checkout.sessions.retrieve(session.id).payment_status == "paid"


def test_a_wallet_shows_a_code_and_asks_what_the_phone_said(api: Any, browser: Client) -> None:
    session = opened()
    url = f"/sandbox/checkout/{session.id}/wechat_pay/"
    assert f'href="{url}"' in text(browser.get(path(session.url)))
    page = text(browser.get(url))
    assert "<svg" in page
    assert "style=" not in page
    refused = browser.post(url, {"answer": "refused"})
    assert "The payment was not made. Nothing was charged." in text(refused)
    assert browser.post(url, {"answer": "paid"})["Location"].startswith("http://testserver/paid/")
    assert browser.get(url)["Location"] == path(session.url)


def test_in_wechats_browser_alipay_is_blocked_and_the_page_kept(api: Any, browser: Client) -> None:
    session = opened()
    url = f"/sandbox/checkout/{session.id}/alipay/"
    blocked = text(browser.get(url, headers={"User-Agent": "… MicroMessenger/8.0"}))
    assert "WeChat does not open Alipay" in blocked
    assert 'value="paid"' not in blocked
    assert 'value="paid"' in text(browser.get(url))


def test_a_trial_says_until_when_it_is_free(api: Any, browser: Client) -> None:
    session = opened(
        price_id=factories.yearly().id,
        mode="subscription",
        subscription_data={"trial_period_days": 7},
        custom_text={"submit": {"message": "We write five days before it renews."}},
    )
    page = text(browser.get(path(session.url)))
    assert "CN¥365 / year" in page
    assert "CN¥0" in page
    assert "then CN¥365" in page
    assert "Start the trial" in page
    assert "We write five days before" in page
    assert "wechat_pay" not in page
    assert browser.post(path(session.url), {**CARD, "number": factories.GOOD}).status_code == 302


def test_the_page_speaks_the_sessions_language(api: Any, browser: Client) -> None:
    page = text(browser.get(path(factories.session(locale="zh").url)))
    assert "¥99" in page
    assert "CN¥" not in page


def test_the_form_may_lead_to_a_shop_on_another_address(api: Any, browser: Client) -> None:
    session = opened(success_url="http://shop.example:9000/done")
    policy = browser.get(path(session.url))["Content-Security-Policy"]
    rule = next(part for part in policy.split("; ") if part.startswith("form-action "))
    assert {"'self'", "http://shop.example:9000", "http://testserver"} <= set(rule.split())


def test_an_address_that_is_none_is_refused(api: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as refused:
        opened(cancel_url="javascript:alert(1)")
    assert refused.value.code == "url_invalid"


def test_an_expired_session_says_so(api: Any, browser: Client) -> None:
    session = opened()
    api.v1.checkout.sessions.expire(session.id)
    assert "This page has expired" in text(browser.get(path(session.url)))
    assert "expired" in text(browser.post(path(session.url), {**CARD, "number": factories.GOOD}))
    assert browser.get("/sandbox/checkout/cs_test_none/").status_code == 404


def portal_of(customer: str, **features: Any) -> Any:
    api = factories.client()
    configuration = api.v1.billing_portal.configurations.create(
        {
            "features": {
                "invoice_history": {"enabled": True},
                "payment_method_update": {"enabled": True},
                "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
                **features,
            }
        }
    )
    return api.v1.billing_portal.sessions.create(
        {
            "customer": customer,
            "configuration": configuration.id,
            "return_url": "http://testserver/account/orders/",
            "locale": "en",
        }
    )


def test_the_portal_cancels_resumes_and_leads_back(api: Any, browser: Client) -> None:
    subscription = factories.subscribed()
    url = path(portal_of(subscription.customer).url)
    page = text(browser.get(url))
    assert "CN¥39 / month" in page
    assert 'href="http://testserver/account/orders/"' in page
    change = f"{url}{subscription.id}/"
    assert browser.post(change, {"action": "cancel"})["Location"] == url
    assert api.v1.subscriptions.retrieve(subscription.id).cancel_at_period_end
    assert "Ends on" in text(browser.get(url))
    browser.post(change, {"action": "resume"})
    assert not api.v1.subscriptions.retrieve(subscription.id).cancel_at_period_end
    assert browser.post(change, {"action": "switch", "price": "price_1"}).status_code == 404
    plain = api.v1.billing_portal.sessions.create({"customer": subscription.customer})
    assert "Cancel at the period" in text(browser.get(path(plain.url)))
    assert api.v1.billing_portal.configurations.list({"is_default": True}).data[0].id == (
        plain.configuration
    )
    stranger = factories.subscribed()
    assert browser.post(f"{url}{stranger.id}/", {"action": "cancel"}).status_code == 404
    assert browser.get("/sandbox/portal/guess/").status_code == 404


def test_the_portal_switches_to_another_price(api: Any, browser: Client) -> None:
    product = factories.product().id
    month, year = factories.monthly(product=product), factories.yearly(product=product)
    subscription = factories.subscribed(month.id)
    session = portal_of(
        subscription.customer,
        subscription_update={
            "enabled": True,
            "default_allowed_updates": ["price"],
            "proration_behavior": "always_invoice",
            "products": [{"product": product, "prices": [month.id, year.id]}],
        },
    )
    url = path(session.url)
    assert "Switch to CN¥365 / year" in text(browser.get(url))
    browser.post(f"{url}{subscription.id}/", {"action": "switch", "price": year.id})
    switched = api.v1.subscriptions.retrieve(subscription.id)
    assert switched["items"].data[0].price.id == year.id
    assert "Switch to CN¥39 / month" in text(browser.get(url))


def test_the_portal_changes_the_card(api: Any, browser: Client) -> None:
    subscription = factories.subscribed()
    url = path(portal_of(subscription.customer).url)
    form = {"expiry": "12 / 34", "cvc": "123", "name": "Lin Lan"}
    assert browser.get(f"{url}card/?card=succeeds").status_code == 200
    declined = browser.post(f"{url}card/", {**form, "number": factories.DECLINED})
    assert "Nothing was charged" in text(declined)
    asked = browser.post(f"{url}card/", {**form, "number": factories.THREE_D_SECURE})
    assert asked["Location"] == f"{url}secure/"
    assert browser.get(asked["Location"]).status_code == 200
    assert "could not confirm" in text(browser.post(asked["Location"], {"answer": "fail"}))
    assert "required" in text(browser.post(f"{url}card/", {**form, "number": ""}))
    browser.post(f"{url}card/", {**form, "number": "5555555555554444"})
    method = api.v1.subscriptions.retrieve(
        subscription.id, {"expand": ["default_payment_method"]}
    ).default_payment_method
    assert method.card.last4 == "4444"
    customer = api.v1.customers.retrieve(subscription.customer)
    assert customer.invoice_settings.default_payment_method == method.id
    assert "mastercard ···· 4444" in text(browser.get(url))


def unpaid(api: Any, advance: Callable[..., object]) -> tuple[Any, StripeObject, Any, str]:
    """A subscription whose card failed at its renewal, the card, the open bill and its page."""
    subscription = factories.subscribed()
    method = StripeObject.objects.get(stripe_id=subscription.default_payment_method)
    method.private["behaviour"] = "fails_when_charged"
    method.save()
    advance(days=32)
    invoice = api.v1.invoices.list({"status": "open"}).data[0]
    url = path(invoice.hosted_invoice_url)
    return subscription, method, invoice, url


def test_an_open_invoice_can_be_paid_on_its_page(
    api: Any, browser: Client, advance: Callable[..., object]
) -> None:
    _subscription, method, invoice, url = unpaid(api, advance)
    assert "Still due" in text(browser.get(url))
    assert "The bank declined the card." in text(browser.post(url))
    method.private["behaviour"] = "succeeds"
    method.save()
    assert "Pay with the card on file" not in text(browser.post(url))
    assert api.v1.invoices.retrieve(invoice.id).status == "paid"


def test_an_open_invoice_can_be_paid_with_another_card(
    api: Any, browser: Client, advance: Callable[..., object]
) -> None:
    subscription, _method, invoice, url = unpaid(api, advance)
    for number, words in (("4242", "card number"), (factories.DECLINED, "declined")):
        assert words in text(browser.post(url, {**CARD, "number": number}))
    assert api.v1.invoices.retrieve(invoice.id).status == "open"
    asked = browser.post(url, {**CARD, "number": "4000002760003184"})
    assert "paid" not in text(asked)
    assert "Still due" in text(browser.post(url, {"answer": "fail"}))
    paid = text(browser.post(url, {**CARD, "number": factories.GOOD}))
    assert "Pay with another card" not in paid
    assert 'href="/account/orders/"' in paid
    assert api.v1.invoices.retrieve(invoice.id).status == "paid"
    kept = api.v1.subscriptions.retrieve(subscription.id).default_payment_method
    assert kept != subscription.default_payment_method


def test_a_receipt_shows_what_was_paid_and_refunded(api: Any, browser: Client) -> None:
    session = factories.paid()
    api.v1.refunds.create({"payment_intent": session.payment_intent.id, "amount": 4950})
    charge = api.v1.charges.list().data[0]
    page = text(browser.get(path(charge.receipt_url)))
    assert "Visa ···· 4242" in page
    assert "CN¥99" in page
    assert shown_to(None).name in page
    assert api.v1.checkout.sessions.line_items.list(session.id).data[0].description in page
    assert "CN¥49.50" in page


@pytest.fixture
def console(browser: Client, settings: Any) -> Client:
    settings.DEBUG = True
    return browser


def test_the_console_is_closed_to_strangers(browser: Client, settings: Any, clock: Any) -> None:
    settings.DEBUG = False
    assert browser.get("/sandbox/").status_code == 404
    assert browser.post("/sandbox/do/reset/").status_code == 404
    staff = User.objects.create_user("operator@example.com", "x")
    staff.is_staff = True
    staff.save()
    browser.force_login(staff, backend="allauth.account.auth_backends.AuthenticationBackend")
    assert browser.get("/sandbox/").status_code == 200


def test_the_console_moves_time(api: Any, console: Client, clock: Any) -> None:
    session = opened()
    before = clock.now()
    for step, days in (("hour", 0), ("day", 1), ("week", 8), ("month", 36), ("year", 401)):
        console.post("/sandbox/do/advance/", {"step": step})
        assert (clock.now() - before).days >= days
    assert api.v1.checkout.sessions.retrieve(session.id).status == "expired"
    moved = clock.now()
    page = text(console.post("/sandbox/do/advance/", {"date": "9999-12-31"}, follow=True))
    assert "At most two years at once" in page
    assert (clock.now() - moved).days == 0
    page = text(console.post("/sandbox/do/advance/", {"date": "2001-01-01"}, follow=True))
    assert "only goes forward" in page
    for nonsense in ({"step": "eon"}, {"date": "2031-02-31"}, {"date": "soon"}, {}):
        assert console.post("/sandbox/do/advance/", nonsense).status_code == 302


def test_the_console_plans_faults_and_takes_them_away(api: Any, console: Client) -> None:
    console.post(
        "/sandbox/do/plan-fault/", {"kind": "duplicate", "times": "3", "match": "invoice."}
    )
    factories.session(mode="setup", currency="cny", line_items=None)
    assert "keeps a card" in text(console.get("/sandbox/"))
    assert "Webhook: delivered twice × 3 invoice." in text(console.get("/sandbox/"))
    console.post("/sandbox/do/plan-fault/", {"kind": "nonsense", "times": "1"})
    console.post("/sandbox/do/plan-fault/", {"kind": "drop", "times": "-1"})
    assert Fault.objects.count() == 1
    console.post("/sandbox/do/clear-faults/")
    assert Fault.objects.count() == 0
    console.post("/sandbox/do/set-ending/", {"ending": "unpaid"})
    assert World.objects.get().after_last_retry == "unpaid"


def test_the_console_shows_what_there_is_and_acts_on_it(
    api: Any, console: Client, advance: Callable[..., object]
) -> None:
    subscription = factories.subscribed()
    factories.paid()
    page = text(console.get("/sandbox/"))
    assert subscription.id in page
    assert "checkout.session.completed" in page
    console.post("/sandbox/do/toggle-card/", {"subscription": subscription.id})
    advance(days=32)
    assert api.v1.subscriptions.retrieve(subscription.id).status == "past_due"
    charge = api.v1.charges.list({"limit": 1}).data[0]
    paid = next(c for c in api.v1.charges.list({"limit": 100}).data if c.paid)
    assert not charge.paid
    console.post("/sandbox/do/dispute/", {"charge": paid.id})
    dispute = api.v1.disputes.list().data[0]
    console.post("/sandbox/do/close-dispute/", {"dispute": dispute.id, "outcome": "lost"})
    assert api.v1.disputes.retrieve(dispute.id).status == "lost"
    event = api.v1.events.list().data[0]
    console.post("/sandbox/do/deliver-again/", {"event": event.id})
    for action in ("toggle-card", "dispute", "close-dispute", "deliver-again"):
        assert console.post(f"/sandbox/do/{action}/", {}).status_code == 302
    assert console.post("/sandbox/do/nonsense/").status_code == 404
    assert text(console.get("/sandbox/")).count("None yet.") == 0
    console.post("/sandbox/do/reset/")
    assert not StripeObject.objects.exclude(kind="webhook_endpoint").exists()
