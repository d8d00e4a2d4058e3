"""What the site relies on, asked of both places: a test that fails at one only says where they
differ.

    make probe STRIPE_TEST_SECRET_KEY=sk_test_…
"""

import uuid
from itertools import pairwise
from typing import Any

import pytest

from payments import gateway
from payments.gateway import Shape
from tests.probe.places import DAY, Place

pytestmark = pytest.mark.django_db
BACK = {"success_url": "https://example.com/done", "cancel_url": "https://example.com/no"}


def once() -> str:
    return f"probe-{uuid.uuid4()}"


def price(amount: int = 9900, currency: str = "cny", **more: Any) -> str:
    product = gateway.create_product({"name": "全部课程"}, key=once())
    params = {"product": product["id"], "currency": currency, "unit_amount": amount, **more}
    return str(gateway.create_price(params, key=once())["id"])


def every(interval: str, amount: int = 3900) -> str:
    return price(amount, recurring={"interval": interval})


def session(price_id: str, **more: Any) -> Shape:
    lines = [{"price": price_id, "quantity": 1}]
    return gateway.create_session(
        {"mode": "payment", "line_items": lines, **BACK, **more}, key=once()
    )


def charge(place: Place, card: str = "good", amount: int = 9900) -> Shape:
    customer, method = place.keep_card(card)
    params = {"amount": amount, "currency": "cny", "customer": customer, "payment_method": method}
    return gateway.charge_kept_card(params, key=once())


def item(subscription: Shape) -> Shape:
    return dict(subscription["items"]["data"][0])


def newest_bill(subscription_id: str) -> Shape:
    return dict(gateway.retrieve_subscription(subscription_id)["latest_invoice"])


def over(subscription_id: str) -> int:
    """When its period is over and the bill of the next is no draft any more."""
    end: int = item(gateway.retrieve_subscription(subscription_id))["current_period_end"]
    return end + 2 * 3600


# The account, and what is for sale


def test_the_account_is_one_of_test_mode(place: Place) -> None:
    assert gateway.retrieve_account()["id"].startswith("acct_")
    assert isinstance(gateway.webhook_endpoints(), list)
    assert gateway.tax_settings()["status"] in ("active", "pending")


def test_a_key_acts_once(place: Place) -> None:
    key = once()
    made = gateway.create_product({"name": "一"}, key=key)
    assert gateway.create_product({"name": "一"}, key=key)["id"] == made["id"]
    with pytest.raises(gateway.Refused):
        gateway.create_product({"name": "二"}, key=key)


@pytest.mark.parametrize(("amount", "currency"), [(9900, "cny"), (1200, "jpy"), (5120, "kwd")])
def test_a_price_keeps_its_amount(place: Place, amount: int, currency: str) -> None:
    kept = gateway.retrieve_price(price(amount, currency))
    assert (kept["unit_amount"], kept["currency"], kept["type"]) == (amount, currency, "one_time")
    assert kept["active"]


def test_what_is_not_there_is_not_found(place: Place) -> None:
    with pytest.raises(gateway.NotFound):
        gateway.retrieve_customer("cus_nobody")
    with pytest.raises(gateway.NotFound):
        gateway.retrieve_subscription("sub_nothing")


# Checkout


def test_a_code_reduces_a_session_and_is_found_while_it_is_active(place: Place) -> None:
    code = uuid.uuid4().hex[:12].upper()
    coupon = gateway.create_coupon({"percent_off": 20, "duration": "once"}, key=once())
    promotion = {"type": "coupon", "coupon": coupon["id"]}
    made = gateway.create_promotion_code({"code": code, "promotion": promotion}, key=once())
    found = gateway.find_promotion_code(code)
    assert found
    assert found["id"] == made["id"]
    with pytest.raises(gateway.Refused):
        gateway.create_promotion_code({"code": code, "promotion": promotion}, key=once())
    opened = session(price(9900), discounts=[{"promotion_code": made["id"]}])
    assert opened["amount_subtotal"] == 9900
    assert opened["total_details"]["amount_discount"] == 1980
    assert opened["amount_total"] == 7920


def test_a_session_is_open_until_it_expires(place: Place) -> None:
    wanted = price(9900)
    opened = session(wanted, metadata={"order": "1"})
    assert (opened["status"], opened["payment_status"]) == ("open", "unpaid")
    assert opened["url"].startswith("http")
    assert opened["metadata"] == {"order": "1"}
    assert gateway.price_of_session(opened["id"])["id"] == wanted
    assert gateway.expire_session(opened["id"])["status"] == "expired"
    with pytest.raises(gateway.Refused):
        gateway.expire_session(opened["id"])
    assert gateway.retrieve_session(opened["id"])["payment_intent"] is None


# Payments


def test_a_kept_card_is_charged_once(place: Place) -> None:
    customer, method = place.keep_card("good")
    params = {"amount": 9900, "currency": "cny", "customer": customer, "payment_method": method}
    key, began = once(), place.now() - 60
    made = gateway.charge_kept_card(params, key=key)
    assert gateway.charge_kept_card(params, key=key)["id"] == made["id"]
    paid = gateway.retrieve_payment_intent(made["id"])
    assert (paid["status"], paid["amount_received"]) == ("succeeded", 9900)
    booked = place.wait(
        lambda: gateway.retrieve_payment_intent(made["id"])["latest_charge"]["balance_transaction"]
    )
    assert booked["net"] == booked["amount"] - booked["fee"]
    assert [each["id"] for each in gateway.payments_of(customer, since=began)] == [made["id"]]
    assert gateway.find_sessions(payment_intent_id=made["id"]) == []
    assert gateway.find_invoice(payment_intent_id=made["id"]) is None


def test_a_card_that_was_let_go_is_charged_no_more(place: Place) -> None:
    customer, method = place.keep_card("good")
    assert gateway.let_card_go(method)["customer"] is None
    params = {"amount": 9900, "currency": "cny", "customer": customer, "payment_method": method}
    with pytest.raises(gateway.Refused):
        gateway.charge_kept_card(params, key=once())
    with pytest.raises(gateway.Refused):
        gateway.let_card_go(method)


def test_the_bank_says_no_or_asks_for_the_payer(place: Place) -> None:
    with pytest.raises(gateway.CardDeclined) as declined:
        charge(place, "refused")
    assert not isinstance(declined.value, gateway.NeedsAction)
    with pytest.raises(gateway.NeedsAction):
        charge(place, "authenticates")


def test_money_goes_back_in_parts_and_never_more_than_came(place: Place) -> None:
    paid = charge(place)["id"]
    part = gateway.create_refund(
        {"payment_intent": paid, "amount": 3000, "metadata": {"request": "1"}}, key=once()
    )
    with pytest.raises(gateway.Refused):
        gateway.create_refund({"payment_intent": paid, "amount": 6901}, key=once())
    rest = gateway.create_refund({"payment_intent": paid}, key=once())
    with pytest.raises(gateway.Refused):
        gateway.create_refund({"payment_intent": paid}, key=once())
    assert [each["id"] for each in gateway.refunds_of(paid)] == [rest["id"], part["id"]]
    assert (rest["amount"], part["metadata"]) == (6900, {"request": "1"})
    kept = gateway.retrieve_refund(part["id"])
    assert (kept["status"], kept["payment_intent"]) == ("succeeded", paid)
    assert kept["balance_transaction"]["amount"] < 0


def test_a_buyer_disputes(place: Place) -> None:
    began = place.now() - DAY
    paid = charge(place, "disputed")["id"]

    def disputed() -> list[str]:
        found = gateway.page_of("dispute", since=began, until=place.now() + 365 * DAY)
        return [each["id"] for each in found if each["payment_intent"] == paid]

    [dispute] = place.wait(disputed)
    told = gateway.retrieve_dispute(dispute)
    assert (told["status"], told["amount"]) == ("needs_response", 9900)
    assert told["evidence_details"]["due_by"] > began
    [taken] = told["balance_transactions"]
    assert taken["amount"] < 0


# What renews itself


def test_a_subscription_renews(place: Place) -> None:
    month = every("month")
    made = place.subscribe(month)
    begun = gateway.retrieve_subscription(made)
    assert (begun["status"], item(begun)["price"]["id"]) == ("active", month)
    lasts = item(begun)["current_period_end"] - item(begun)["current_period_start"]
    assert 28 * DAY <= lasts <= 31 * DAY
    assert begun["default_payment_method"]["card"]["last4"]
    first = begun["latest_invoice"]
    assert (first["status"], first["billing_reason"]) == ("paid", "subscription_create")
    place.advance(over(made))
    renewal, before = gateway.invoices_of(made)
    assert before["id"] == first["id"]
    assert (renewal["status"], renewal["billing_reason"]) == ("paid", "subscription_cycle")
    assert (renewal["amount_paid"], renewal["currency"]) == (3900, "cny")
    assert renewal["parent"]["subscription_details"]["subscription"] == made
    [payment] = gateway.retrieve_invoice(renewal["id"])["payments"]["data"]
    intent = payment["payment"]["payment_intent"]
    assert gateway.find_invoice(payment_intent_id=intent) == renewal["id"]


def test_a_trial_ends_with_a_charge(place: Place) -> None:
    made = place.subscribe(every("year", 36500), trial_days=7)
    begun = gateway.retrieve_subscription(made)
    assert (begun["status"], begun["latest_invoice"]["amount_due"]) == ("trialing", 0)
    assert begun["trial_end"] == item(begun)["current_period_end"]
    place.advance(over(made))
    assert gateway.retrieve_subscription(made)["status"] == "active"
    assert newest_bill(made)["amount_paid"] == 36500


def test_a_card_that_fails_leaves_a_bill_that_can_be_voided(place: Place) -> None:
    made = place.subscribe(every("month"), "refused", trial_days=1)
    place.advance(over(made))
    assert gateway.retrieve_subscription(made)["status"] == "past_due"
    bill = newest_bill(made)
    assert (bill["status"], bill["attempt_count"], bill["amount_remaining"]) == ("open", 1, 3900)
    assert bill["hosted_invoice_url"].startswith("http")
    assert bill["next_payment_attempt"]
    assert gateway.void_invoice(bill["id"])["status"] == "void"
    with pytest.raises(gateway.Refused):
        gateway.void_invoice(bill["id"])


def test_cancelled_it_runs_to_the_periods_end_and_may_be_resumed(place: Place) -> None:
    made = place.subscribe(every("month"))
    end = item(gateway.retrieve_subscription(made))["current_period_end"]
    ending = gateway.update_subscription(made, {"cancel_at_period_end": True})
    assert (ending["status"], ending["cancel_at"]) == ("active", end)
    assert ending["canceled_at"]
    going_on = gateway.update_subscription(made, {"cancel_at_period_end": False})
    assert (going_on["cancel_at"], going_on["canceled_at"]) == (None, None)
    gateway.update_subscription(made, {"cancel_at_period_end": True})
    place.advance(over(made))
    ended = gateway.retrieve_subscription(made)
    assert ended["status"] == "canceled"
    assert abs(ended["ended_at"] - end) <= 60
    assert len(gateway.invoices_of(made)) == 1


def test_ended_at_once_it_ends_only_once(place: Place) -> None:
    made = place.subscribe(every("month"))
    assert gateway.cancel_subscription(made)["status"] == "canceled"
    with pytest.raises(gateway.Refused):
        gateway.cancel_subscription(made)
    with pytest.raises(gateway.Refused):
        gateway.update_subscription(made, {"cancel_at_period_end": True})


def test_in_a_pause_bills_are_void(place: Place) -> None:
    made = place.subscribe(every("month"))
    pause = {"behavior": "void", "resumes_at": over(made) + 20 * DAY}
    paused = gateway.update_subscription(made, {"pause_collection": pause})
    assert paused["pause_collection"]["behavior"] == "void"
    place.advance(over(made))
    assert newest_bill(made)["status"] == "void"
    assert gateway.retrieve_subscription(made)["status"] == "active"
    resumed = gateway.update_subscription(made, {"pause_collection": ""}, key=once())
    assert resumed["pause_collection"] is None


def test_what_a_dearer_plan_was_said_to_cost_is_charged(place: Place) -> None:
    made = place.subscribe(every("month", 3900))
    year = every("year", 36500)
    place.advance(place.now() + 10 * DAY)
    change = {
        "items": [{"id": item(gateway.retrieve_subscription(made))["id"], "price": year}],
        "proration_behavior": "always_invoice",
        "proration_date": place.now(),
    }
    shown = gateway.preview_invoice({"subscription": made, "subscription_details": change})
    assert any(each["amount"] < 0 for each in shown["lines"]["data"])
    strict = {**change, "payment_behavior": "error_if_incomplete"}
    gateway.update_subscription(made, strict, key=once())
    changed = gateway.retrieve_subscription(made)
    assert item(changed)["price"]["id"] == year
    assert changed["latest_invoice"]["amount_paid"] == shown["amount_due"]
    assert changed["latest_invoice"]["billing_reason"] == "subscription_update"


def test_a_cheaper_plan_waits_for_the_periods_end(place: Place) -> None:
    dear, cheap = every("month", 3900), every("month", 1900)
    made = place.subscribe(dear)
    period = item(gateway.retrieve_subscription(made))
    schedule = gateway.create_schedule(made, key=once())["id"]
    phases = [
        {
            "items": [{"price": dear, "quantity": 1}],
            "start_date": period["current_period_start"],
            "end_date": period["current_period_end"],
        },
        {
            "items": [{"price": cheap, "quantity": 1}],
            "duration": {"interval": "month", "interval_count": 1},
            "proration_behavior": "none",
        },
    ]
    planned = {"end_behavior": "release", "proration_behavior": "none", "phases": phases}
    gateway.update_schedule(schedule, planned, key=once())
    led = gateway.retrieve_subscription(made)
    assert (led["schedule"], item(led)["price"]["id"]) == (schedule, dear)
    with pytest.raises(gateway.Refused):
        gateway.update_subscription(made, {"cancel_at_period_end": True})
    place.advance(over(made))
    assert item(gateway.retrieve_subscription(made))["price"]["id"] == cheap
    assert newest_bill(made)["amount_paid"] == 1900


def test_a_schedule_that_is_let_go_changes_nothing(place: Place) -> None:
    made = place.subscribe(every("month"))
    schedule = gateway.create_schedule(made, key=once())["id"]
    assert gateway.release_schedule(schedule)["status"] == "released"
    assert gateway.retrieve_subscription(made)["schedule"] is None
    assert gateway.update_subscription(made, {"cancel_at_period_end": True})["cancel_at"]


# What the sweep asks for


def test_events_are_told_newest_first(place: Place) -> None:
    began = place.now() - 60
    paid = charge(place)["id"]

    def told() -> list[Shape]:
        return [
            each
            for each in gateway.events(since=began, missed=False)
            if each["data"]["object"].get("payment_intent", each["data"]["object"]["id"]) == paid
        ]

    place.wait(lambda: {"charge.succeeded", "payment_intent.succeeded"} <= kinds(told()))
    assert all(later["created"] >= earlier["created"] for later, earlier in pairwise(told()))
    assert all(not each["livemode"] for each in told())
    assert isinstance(list(gateway.events(since=began, missed=True)), list)


def kinds(events: list[Shape]) -> set[str]:
    return {each["type"] for each in events}


@pytest.mark.parametrize("kind", ["invoice", "subscription", "balance_transaction"])
def test_lists_go_back_in_time_page_by_page(place: Place, kind: str) -> None:
    began = place.now() - 60
    for _ in range(2):
        place.subscribe(every("month"))
    until = place.now() + 60
    found = place.wait(lambda: two_of(gateway.page_of(kind, since=began, until=until)))
    assert found[0]["created"] >= found[1]["created"]
    after = gateway.page_of(kind, since=began, until=until, after=found[0]["id"])
    assert after[0]["id"] == found[1]["id"]
    assert gateway.object_of(kind, found[0]["id"])["id"] == found[0]["id"]
    assert gateway.page_of(kind, since=None, until=began - 30 * 365 * DAY) == []


def two_of(found: list[Shape]) -> list[Shape]:
    return found if len(found) >= 2 else []
