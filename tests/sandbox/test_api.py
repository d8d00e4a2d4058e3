"""The protocol: both doors, errors, lists, expansion, idempotency."""

import json
import threading
from typing import Any

import pytest
import stripe
from django.conf import settings

from payments.sandbox import dispatch, faults
from payments.sandbox.models import IdempotencyKey
from tests.sandbox import factories

pytestmark = pytest.mark.django_db


def test_a_course_is_sold_in_this_process(api: Any) -> None:
    sell_a_course(api)
    read_errors(api)


def test_a_course_is_sold_over_http(live_server: Any, clock: Any) -> None:
    over_http = stripe.StripeClient(
        settings.SANDBOX_KEY, base_addresses={"api": f"{live_server.url}/sandbox"}
    )
    sell_a_course(over_http)
    read_errors(over_http)


def sell_a_course(door: Any) -> None:
    product = door.v1.products.create({"name": "一群人的生意", "metadata": {"course": "7"}})
    price = door.v1.prices.create(
        {"product": product.id, "currency": "cny", "unit_amount": 9900, "lookup_key": "course-7"}
    )
    session = door.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [{"price": price.id, "quantity": 1}],
            "success_url": "http://testserver/paid/{CHECKOUT_SESSION_ID}/",
            "client_reference_id": "order-1",
            "payment_intent_data": {"metadata": {"order": "1"}},
            "payment_method_options": {"wechat_pay": {"client": "web"}},
        }
    )
    assert (session.amount_total, session.currency, session.status) == (9900, "cny", "open")
    assert session.success_url == f"http://testserver/paid/{session.id}/"
    assert session.payment_method_types == ["card", "alipay", "wechat_pay"]
    assert factories.pay(session.id).kind == "complete"
    done = door.v1.checkout.sessions.retrieve(
        session.id, {"expand": ["line_items", "payment_intent.latest_charge.balance_transaction"]}
    )
    assert (done.status, done.payment_status, done.url) == ("complete", "paid", None)
    assert done.line_items.data[0].price.lookup_key == "course-7"
    assert done.payment_intent.metadata.order == "1"
    booked = done.payment_intent.latest_charge.balance_transaction
    assert (booked.amount, booked.fee, booked.net) == (9900, 287, 9613)


def read_errors(door: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError) as missing:
        door.v1.customers.retrieve("cus_nobody")
    assert (missing.value.http_status, missing.value.code) == (404, "resource_missing")
    with pytest.raises(stripe.InvalidRequestError) as empty:
        door.v1.prices.create({"currency": "cny", "product": factories.product().id})
    assert (empty.value.http_status, empty.value.param) == (400, "unit_amount")
    assert str(empty.value.request_id).startswith("req_")


def test_what_the_sandbox_does_not_know_it_refuses(api: Any) -> None:
    """A parameter that this API version has lost is as unknown as a misspelt one."""
    for params in ({"payment_method_types": ["card"]}, {"colour": "red"}):
        with pytest.raises(stripe.InvalidRequestError) as refused:
            factories.session(**params)
        assert refused.value.code == "parameter_unknown"
    with pytest.raises(stripe.InvalidRequestError) as unknown:
        api.v1.payouts.list()
    assert unknown.value.http_status == 404


def test_only_its_own_key_opens_either_door(client: Any, clock: Any) -> None:
    live = stripe.StripeClient("sk_live_x", http_client=factories.SandboxHTTPClient())
    with pytest.raises(stripe.AuthenticationError):
        live.v1.customers.list()
    for key in ("", "Bearer sk_live_x", "Bearer sk_test_x", f"bearer {settings.SANDBOX_KEY}"):
        answer = client.get("/sandbox/v1/customers", headers={"authorization": key})
        assert answer.status_code == 401


def test_another_api_version_is_refused(api: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError, match="API version"):
        api.v1.customers.list(options={"stripe_version": "2020-08-27"})


def test_lists_are_paged_newest_first(api: Any) -> None:
    made = [api.v1.customers.create({"email": f"{n}@example.com"}).id for n in range(5)]
    page = api.v1.customers.list({"limit": 2})
    assert [customer.id for customer in page.data] == [made[4], made[3]]
    assert page.has_more
    everyone = [customer.id for customer in page.auto_paging_iter()]
    assert everyone == made[::-1]
    before = api.v1.customers.list({"limit": 2, "ending_before": made[2]})
    assert [customer.id for customer in before.data] == [made[4], made[3]]
    found = api.v1.customers.list({"email": "3@example.com"})
    assert [customer.id for customer in found.data] == [made[3]]


def test_prices_are_found_by_lookup_key_and_keep_their_amount(api: Any) -> None:
    old = factories.monthly(3900, lookup_key="membership-month")
    with pytest.raises(stripe.InvalidRequestError):
        factories.monthly(4900, lookup_key="membership-month")
    new = factories.monthly(4900, lookup_key="membership-month", transfer_lookup_key=True)
    found = api.v1.prices.list({"lookup_keys": ["membership-month"], "expand": ["data.product"]})
    assert [price.id for price in found.data] == [new.id]
    assert found.data[0].product.name == "全部课程"
    assert api.v1.prices.retrieve(old.id).lookup_key is None
    with pytest.raises(stripe.InvalidRequestError, match="unit_amount"):
        api.v1.prices.update(old.id, {"unit_amount": 1})


def test_metadata_is_laid_over_what_was_there(api: Any) -> None:
    customer = api.v1.customers.create({"metadata": {"user": "1", "seen": "yes"}})
    changed = api.v1.customers.update(customer.id, {"metadata": {"seen": "", "language": "zh"}})
    assert changed.metadata.to_dict() == {"user": "1", "language": "zh"}


def test_the_same_key_and_request_is_answered_once(api: Any) -> None:
    first = api.v1.customers.create({"name": "甲"}, {"idempotency_key": "order-1"})
    again = api.v1.customers.create({"name": "甲"}, {"idempotency_key": "order-1"})
    assert again.id == first.id
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(api.v1.customers.list().data) == 1
    with pytest.raises(stripe.IdempotencyError):
        api.v1.customers.create({"name": "乙"}, {"idempotency_key": "order-1"})


def test_a_request_refused_for_its_parameters_may_be_mended(api: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.products.create({"description": "no name"}, {"idempotency_key": "k"})
    assert api.v1.products.create({"name": "有名"}, {"idempotency_key": "k"}).name == "有名"


def test_a_key_under_way_is_a_conflict(api: Any) -> None:
    import time

    IdempotencyKey.objects.create(key="k", fingerprint="f", claimed=time.time(), created=10**10)
    with pytest.raises(stripe.APIError) as conflict:
        api.v1.customers.create({}, {"idempotency_key": "k"})
    assert conflict.value.http_status == 409
    IdempotencyKey.objects.update(claimed=time.time() - 61)  # its process died
    assert api.v1.customers.create({}, {"idempotency_key": "k"}).id


@pytest.mark.django_db(transaction=True)
def test_concurrent_requests_with_one_key_act_once(clock: Any) -> None:
    made: list[str] = []

    def create() -> None:
        from django.db import connections

        try:
            client = factories.client(max_network_retries=50)
            made.append(client.v1.customers.create({}, {"idempotency_key": "one"}).id)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=create) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 8
    assert len(set(made)) == 1
    assert len(factories.client().v1.customers.list().data) == 1


def test_what_fails_leaves_nothing_behind(api: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.prices.create(
            {"currency": "cny", "unit_amount": 1, "product_data": {"name": "X"}, "nope": "1"}
        )
    assert api.v1.products.list().data == []


@pytest.mark.parametrize("kind", faults.BEFORE)
def test_faults_before_the_fact_do_nothing(api: Any, kind: faults.Kind) -> None:
    faults.plan(kind, times=1, match="POST /v1/customers")
    with pytest.raises(stripe.StripeError):
        api.v1.customers.create({}, {"max_network_retries": 0})
    assert api.v1.customers.list().data == []
    assert api.v1.customers.create({}).id


@pytest.mark.parametrize("kind", faults.AFTER)
def test_faults_after_the_fact_are_healed_by_the_key(api: Any, kind: faults.Kind) -> None:
    faults.plan(kind, times=1)
    key = {"idempotency_key": "k", "max_network_retries": 0}
    with pytest.raises(stripe.StripeError):
        api.v1.customers.create({}, key)
    again = api.v1.customers.create({}, key)
    assert again.last_response.headers["Idempotent-Replayed"] == "true"
    assert len(api.v1.customers.list().data) == 1


def test_the_sdk_gets_through_faults_that_pass(api: Any) -> None:
    faults.plan("server_error", times=2)
    client = factories.client(max_network_retries=2)
    assert client.v1.customers.create({}).id


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"a[b=1", 400), (b"a=1&a[b]=2", 400), (b"\xff\xfe=%ff", 400), (b"&" * 20, 200)],
)
def test_malformed_bodies_are_refused(client: Any, clock: Any, body: bytes, status: int) -> None:
    answer = client.post(
        "/sandbox/v1/customers",
        body,
        content_type="application/x-www-form-urlencoded",
        headers={"authorization": f"Bearer {settings.SANDBOX_KEY}"},
    )
    assert answer.status_code == status
    assert answer.json()


def test_the_account_is_a_test_account(api: Any) -> None:
    account = api.v1.accounts.retrieve_current()
    assert account.default_currency == "cny"
    assert account.charges_enabled


def test_observers_hear_what_went_through(api: Any) -> None:
    heard: list[dispatch.Exchange] = []
    dispatch.observers.append(heard.append)
    try:
        api.v1.customers.create({"name": "甲"})
    finally:
        dispatch.observers.remove(heard.append)
    assert heard[0].operation.template == "/v1/customers"
    assert heard[0].params == {"name": "甲"}
    assert json.dumps(heard[0].body)
