"""What is asked of Stripe, what its answers become, and whose event is believed: its HTTP is
answered here."""

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import stripe
from django.db import transaction

from payments import gateway
from payments.sandbox.endpoints import SIGNING_SECRET

pytestmark = pytest.mark.django_db
NOW = 1_795_406_400
EXACT = {"object": "price", "id": "price_1", "unit_amount_decimal": "3900.5"}


@dataclass
class Stripe:
    """Gives the answers it was told, the last one for ever, and keeps what it was asked."""

    answers: list[Any] = field(default_factory=lambda: [{"object": "thing", "id": "x_1"}])
    asked: list[tuple[str, str, dict[str, str]]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    clients: list[dict[str, Any]] = field(default_factory=list)

    def client(self, **options: Any) -> stripe.HTTPClient:
        self.clients.append(options)
        return _Http(self)

    def pages(self, *pages: list[dict[str, Any]]) -> None:
        self.answers = [{"object": "list", "data": page, "url": "/v1/x"} for page in pages]

    def fails(self, status: int, **error: Any) -> None:
        self.answers = [(status, {"error": {"message": "no", **error}})]


class _Http(stripe.HTTPClient):
    name = "here"

    def __init__(self, there: Stripe) -> None:
        super().__init__()
        self.there = there

    def request(self, method, url, headers, post_data=None, *, _usage=None):
        there, address = self.there, urlsplit(url)
        sent = dict(parse_qsl(address.query or post_data or ""))
        there.asked.append((method, f"{address.netloc}{address.path}", sent))
        there.keys.append(headers.get("Idempotency-Key", ""))
        answer = there.answers.pop(0) if len(there.answers) > 1 else there.answers[0]
        if isinstance(answer, Exception):
            raise answer
        status, body = answer if isinstance(answer, tuple) else (200, answer)
        return body if isinstance(body, str) else json.dumps(body), status, {}

    def _sleep_time_seconds(self, num_retries):
        return 0

    def close(self):
        pass


@pytest.fixture
def there(monkeypatch, settings):
    settings.STRIPE_SANDBOX = False
    settings.STRIPE_SECRET_KEY = "sk_test_abc"
    settings.STRIPE_API_BASE = ""
    made = Stripe()
    monkeypatch.setattr(stripe, "RequestsClient", made.client)
    for cached in (gateway._client_for, gateway._account_of):
        cached.cache_clear()
    yield made
    for cached in (gateway._client_for, gateway._account_of):
        cached.cache_clear()


def params(there: Stripe) -> list[dict[str, str]]:
    return [sent for _method, _address, sent in there.asked]


# --- whose key, which client ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "sandbox", "live", "set_up"),
    [
        ("sk_live_a", False, True, True),
        ("rk_live_a", False, True, True),
        ("sk_test_a", False, False, True),
        ("", True, False, True),
        ("", False, False, False),
    ],
)
def test_the_key_says_whether_money_is_real(settings, key, sandbox, live, set_up):
    settings.STRIPE_SECRET_KEY, settings.STRIPE_SANDBOX = key, sandbox
    assert (gateway.is_live(), gateway.is_set_up()) == (live, set_up)


def test_the_account_is_asked_once_for_each_key(there, settings):
    there.answers = [{"object": "account", "id": "acct_1"}, {"object": "account", "id": "acct_2"}]
    assert [gateway.ours() for _ in range(2)] == [{"account": "acct_1", "livemode": False}] * 2
    settings.STRIPE_SECRET_KEY = "sk_live_abc"
    assert gateway.ours() == {"account": "acct_2", "livemode": True}
    assert there.asked == [("get", "api.stripe.com/v1/account", {})] * 2
    assert there.clients == [{"timeout": 8}] * 2


def test_another_base_is_asked_where_one_is_set(there, settings):
    settings.STRIPE_API_BASE = "http://stand-in:9"
    gateway.tax_settings()
    assert there.asked == [("get", "stand-in:9/v1/tax/settings", {})]


def test_the_sandbox_is_asked_whatever_the_key(there, settings):
    settings.STRIPE_SANDBOX = True
    assert gateway.retrieve_account()["id"] == "acct_sandbox"
    assert (there.clients, there.asked) == ([], [])


def test_without_a_key_nothing_is_asked(there, settings):
    settings.STRIPE_SECRET_KEY = ""
    with pytest.raises(gateway.WrongKey, match=r"There is no Stripe key\."):
        gateway.retrieve_account()
    assert there.asked == []


def test_nothing_is_asked_inside_a_transaction_of_ours(there):
    with transaction.atomic(), pytest.raises(gateway.InsideTransaction):
        gateway.retrieve_account()
    assert there.asked == []
    gateway.retrieve_account()
    assert len(there.asked) == 1


# --- what goes wrong -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "error", "ours"),
    [
        (402, {"type": "card_error", "code": "card_declined"}, gateway.CardDeclined),
        (402, {"type": "card_error", "code": "authentication_required"}, gateway.NeedsAction),
        (
            402,
            {"type": "card_error", "code": "subscription_payment_intent_requires_action"},
            gateway.NeedsAction,
        ),
        (429, {}, gateway.RateLimited),
        (401, {}, gateway.WrongKey),
        (403, {}, gateway.WrongKey),
        (500, {"type": "api_error"}, gateway.Unreachable),
        (404, {"type": "invalid_request_error"}, gateway.NotFound),
        (
            400,
            {"type": "invalid_request_error", "code": "resource_missing", "param": "customer"},
            gateway.NotFound,
        ),
        (409, {"type": "invalid_request_error"}, gateway.Unreachable),
        (400, {"type": "idempotency_error"}, gateway.Refused),
        (400, {"type": "invalid_request_error", "code": "amount_too_small"}, gateway.Refused),
    ],
)
def test_each_refusal_has_a_name_of_ours(there, status, error, ours):
    there.fails(status, **error)
    with pytest.raises(gateway.GatewayError, match="no") as caught:
        gateway.create_refund({"payment_intent": "pi_1"}, key="refund-1")
    assert type(caught.value) is ours
    assert set(there.keys) == {"refund-1"}


def test_no_answer_is_asked_for_twice_more_with_the_same_key(there):
    lost = stripe.APIConnectionError("lost", should_retry=True)
    there.answers = [lost, lost, {"object": "customer", "id": "cus_1"}]
    assert gateway.create_customer({"email": "a@b.cn"}, key="k")["id"] == "cus_1"
    assert there.keys == ["k"] * 3
    there.answers = [lost]
    with pytest.raises(gateway.Unreachable):
        gateway.create_customer({"email": "a@b.cn"}, key="k")
    assert there.keys == ["k"] * 6


def test_what_cannot_be_read_may_have_happened(there):
    there.answers = [(200, "<html>")]
    with pytest.raises(gateway.Unreachable):
        gateway.retrieve_account()


# --- answers -------------------------------------------------------------------------------------


def test_answers_can_be_written_as_json(there):
    there.answers = [EXACT]
    assert gateway.retrieve_price("price_1") == EXACT


@pytest.mark.parametrize(
    ("ask", "first", "wanted", "query"),
    [
        (
            lambda: gateway.find_promotion_code("SPRING"),
            {"id": "promo_1"},
            {"id": "promo_1"},
            {"code": "SPRING", "active": "true"},
        ),
        (
            lambda: gateway.price_of_session("cs_1"),
            {"id": "li_1", "price": {"id": "price_1"}},
            {"id": "price_1"},
            {},
        ),
        (
            lambda: gateway.find_invoice(payment_intent_id="pi_1"),
            {"id": "inpay_1", "invoice": "in_1"},
            "in_1",
            {"payment[type]": "payment_intent", "payment[payment_intent]": "pi_1"},
        ),
    ],
)
def test_the_one_that_is_looked_for_is_the_first_or_none(there, ask, first, wanted, query):
    there.pages([first, {"id": "other", "invoice": "in_2", "price": {"id": "price_2"}}])
    assert ask() == wanted
    there.pages([])
    assert not ask()
    assert params(there) == [query] * 2


@pytest.mark.parametrize(
    ("ask", "query"),
    [
        (lambda: gateway.invoices_of("sub_1"), {"subscription": "sub_1", "limit": "100"}),
        (lambda: gateway.refunds_of("pi_1"), {"payment_intent": "pi_1", "limit": "100"}),
        (lambda: gateway.find_sessions(payment_intent_id="pi_1"), {"payment_intent": "pi_1"}),
        (gateway.webhook_endpoints, {"limit": "100"}),
    ],
)
def test_short_lists_are_one_page(there, ask, query):
    there.pages([{"id": "b"}, {"id": "a"}])
    assert ask() == [{"id": "b"}, {"id": "a"}]
    assert params(there) == [query]


def test_a_kept_card_is_charged_with_nobody_there(there):
    gateway.charge_kept_card({"amount": 9900, "currency": "cny"}, key="charge-1")
    asked = {"amount": "9900", "currency": "cny", "off_session": "true", "confirm": "true"}
    assert there.asked == [("post", "api.stripe.com/v1/payment_intents", asked)]
    assert there.keys == ["charge-1"]


def test_a_change_of_a_subscription_has_a_key_where_one_is_given(there):
    gateway.update_subscription("sub_1", {"proration_behavior": "none"}, key="change-1")
    gateway.update_subscription("sub_1", {"proration_behavior": "none"})
    assert there.keys[0] == "change-1"
    assert there.keys[1] not in ("", "change-1")


# --- all of them, by pages -----------------------------------------------------------------------


def many(first: int, last: int) -> list[dict[str, Any]]:
    return [{"id": f"o_{number}"} for number in range(first, last)]


@pytest.mark.parametrize(
    ("ask", "query"),
    [
        (lambda: gateway.payments_of("cus_1", since=NOW), {"customer": "cus_1"}),
        (lambda: gateway.events(since=NOW, missed=True), {"delivery_success": "false"}),
        (lambda: gateway.events(since=NOW, missed=False), {}),
        (lambda: gateway.completed_sessions(since=NOW), {"status": "complete"}),
    ],
)
def test_everything_since_is_asked_for_until_a_page_is_not_full(there, ask, query):
    query = query | {"created[gte]": str(NOW), "limit": "100"}
    there.pages(many(0, 100), many(100, 200), [])
    assert list(ask()) == many(0, 200)
    after = [query, query | {"starting_after": "o_99"}, query | {"starting_after": "o_199"}]
    assert params(there) == after
    there.pages(many(0, 99), many(100, 200))
    assert list(ask()) == many(0, 99)


def test_a_page_of_a_kind_is_within_its_seconds_and_after_the_last(there):
    there.pages(many(0, 2))
    assert gateway.page_of("subscription", since=None, until=NOW) == many(0, 2)
    gateway.page_of("subscription", since=NOW - 9, until=NOW, after="sub_9")
    gateway.page_of("balance_transaction", since=0, until=NOW)
    gateway.object_of("dispute", "dp_1")
    until, size = {"created[lte]": str(NOW)}, {"limit": "100"}
    later = {"created[gte]": str(NOW - 9), "starting_after": "sub_9"}
    assert there.asked == [
        ("get", "api.stripe.com/v1/subscriptions", {"status": "all"} | until | size),
        ("get", "api.stripe.com/v1/subscriptions", {"status": "all"} | until | size | later),
        (
            "get",
            "api.stripe.com/v1/balance_transactions",
            {"expand[0]": "data.source", "created[gte]": "0"} | until | size,
        ),
        ("get", "api.stripe.com/v1/disputes/dp_1", {}),
    ]


# --- signatures ----------------------------------------------------------------------------------

EVENT = {"object": "event", "id": "evt_1", "type": "ping", "data": {"object": {}}}


@pytest.fixture
def now(monkeypatch, settings):
    settings.STRIPE_SANDBOX = False
    settings.STRIPE_WEBHOOK_SECRETS = ["whsec_new", "whsec_old"]
    monkeypatch.setattr("time.time", lambda: float(NOW))


def signature(body: bytes, at: int = NOW, secret: str = "whsec_old") -> str:
    made = stripe.WebhookSignature._compute_signature(f"{at}.{body.decode('latin-1')}", secret)
    return f"t={at},v1={made}"


def believed(at: int = NOW, secret: str = "whsec_old", also: str = "") -> bool:
    body = json.dumps(EVENT).encode()
    try:
        return bool(gateway.verify_event(body, signature(body, at, secret) + also)["id"] == "evt_1")
    except gateway.Forged:
        return False


@pytest.mark.usefixtures("now")
def test_an_event_was_signed_just_now_with_one_of_the_secrets(settings):
    at = {NOW - 301: False, NOW - 300: True, NOW: True, NOW + 300: True, NOW + 301: False}
    assert {each: believed(each) for each in at} == at
    by = {"whsec_new": True, "whsec_old": True, "whsec_other": False, SIGNING_SECRET: False}
    assert {each: believed(secret=each) for each in by} == by
    assert not believed(NOW + 301, also=f",t={NOW}")
    settings.STRIPE_SANDBOX = True
    by = {"whsec_new": True, "whsec_old": True, "whsec_other": False, SIGNING_SECRET: True}
    assert {each: believed(secret=each) for each in by} == by


@pytest.mark.usefixtures("now")
@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"[]",
        b"7",
        json.dumps(EVENT | {"object": "charge"}).encode(),
        json.dumps(EVENT | {"id": 7}).encode(),
    ],
)
def test_what_is_signed_but_no_event_is_not_believed(body):
    with pytest.raises(gateway.Forged, match="not an event"):
        gateway.verify_event(body, signature(body))
