"""Coupons, promotion codes, and what they take off sessions, subscriptions and invoices."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import stripe

from operations import clock
from payments.sandbox import completing
from tests.sandbox import factories

pytestmark = pytest.mark.django_db
Advance = Callable[..., object]


def coupon(api: Any, **params: Any) -> Any:
    if "amount_off" not in params:
        params.setdefault("percent_off", 25)
    return api.v1.coupons.create({"name": "SPRING", **params})


def code(api: Any, coupon_id: str, **params: Any) -> Any:
    promotion = {"type": "coupon", "coupon": coupon_id}
    return api.v1.promotion_codes.create({"promotion": promotion, "code": "SPRING", **params})


def begin(api: Any, coupon_id: str, price_id: str, **params: Any) -> Any:
    return factories.session(
        price_id, mode="subscription", discounts=[{"coupon": coupon_id}], **params
    )


def subscribe(api: Any, coupon_id: str, price_id: str, **params: Any) -> Any:
    opened = begin(api, coupon_id, price_id, **params)
    assert factories.pay(opened.id).kind == "complete"
    return api.v1.checkout.sessions.retrieve(opened.id).subscription


def bills(api: Any, subscription: str) -> list[int]:
    """What each bill came to, oldest first."""
    found = api.v1.invoices.list({"subscription": subscription, "limit": 100}).data
    return [each.total for each in reversed(found)]


@pytest.mark.parametrize(
    ("terms", "total"),
    [
        ({"percent_off": 25}, 7425),
        ({"percent_off": 33.3}, 6603),
        ({"amount_off": 2000, "currency": "cny"}, 7900),
        ({"amount_off": 20000, "currency": "cny"}, 0),
    ],
)
def test_a_coupon_takes_its_part_off_a_payment(api: Any, terms: Any, total: int) -> None:
    opened = factories.session(discounts=[{"coupon": coupon(api, **terms).id}])
    assert (opened.amount_subtotal, opened.amount_total) == (9900, total)
    assert opened.total_details.amount_discount == 9900 - total
    line = api.v1.checkout.sessions.line_items.list(opened.id).data[0]
    assert (line.amount_subtotal, line.amount_discount, line.amount_total) == (
        9900,
        9900 - total,
        total,
    )


def test_what_is_charged_is_what_the_session_says(api: Any) -> None:
    made = coupon(api)
    promotion = code(api, made.id)
    opened = factories.paid(discounts=[{"promotion_code": promotion.id}])
    assert opened.discounts[0].promotion_code == promotion.id
    assert opened.payment_intent.amount_received == 7425
    assert api.v1.coupons.retrieve(made.id).times_redeemed == 1
    assert api.v1.promotion_codes.retrieve(promotion.id).times_redeemed == 1


def test_a_session_of_nothing_is_completed_without_a_card(api: Any) -> None:
    opened = factories.session(discounts=[{"coupon": coupon(api, percent_off=100).id}])
    assert completing.complete_free(opened.id, now=clock.now()).kind == "complete"
    done = api.v1.checkout.sessions.retrieve(opened.id)
    assert (done.status, done.payment_status) == ("complete", "no_payment_required")
    assert done.payment_intent is None
    assert api.v1.charges.list().data == []


def test_what_costs_something_is_not_completed_for_nothing(api: Any) -> None:
    opened = factories.session()
    with pytest.raises(completing.SessionClosedError):
        completing.complete_free(opened.id, now=clock.now())


@pytest.mark.parametrize(
    ("duration", "expected"),
    [
        ({"duration": "once"}, [2925, 3900, 3900, 3900]),
        ({"duration": "repeating", "duration_in_months": 2}, [2925, 2925, 3900, 3900]),
        ({"duration": "forever"}, [2925, 2925, 2925, 2925]),
    ],
)
def test_renewals_are_reduced_as_long_as_the_coupon_says(
    api: Any, advance: Advance, duration: Any, expected: list[int]
) -> None:
    subscription = subscribe(api, coupon(api, **duration).id, factories.monthly().id)
    for _ in range(3):
        advance(days=31)
    assert bills(api, subscription) == expected


def test_after_a_trial_the_first_charge_is_reduced(api: Any, advance: Advance) -> None:
    trial = {"trial_period_days": 7}
    subscription = subscribe(api, coupon(api).id, factories.monthly().id, subscription_data=trial)
    upcoming = api.v1.invoices.create_preview({"subscription": subscription})
    assert upcoming.total == 2925
    advance(days=8)
    advance(days=31)
    assert bills(api, subscription) == [0, 2925, 3900]


def test_a_subscription_shows_the_discount_that_runs(api: Any) -> None:
    made = coupon(api, duration="repeating", duration_in_months=3)
    subscription = subscribe(api, made.id, factories.monthly().id)
    shown = api.v1.subscriptions.retrieve(
        subscription, {"expand": ["discounts.source.coupon", "latest_invoice"]}
    )
    assert shown.discounts[0].source.coupon.id == made.id
    assert shown.discounts[0].end > shown.discounts[0].start
    assert shown.latest_invoice.total_discount_amounts[0].amount == 975
    assert shown.latest_invoice.lines.data[0].discount_amounts[0].amount == 975


def test_what_a_coupon_is_not_for_is_refused(api: Any) -> None:
    other = factories.product("别的")
    limited = coupon(api, applies_to={"products": [other.id]})
    with pytest.raises(stripe.InvalidRequestError, match="applies to nothing"):
        factories.session(discounts=[{"coupon": limited.id}])
    foreign = coupon(api, amount_off=500, currency="jpy")
    with pytest.raises(stripe.InvalidRequestError, match="applies to nothing"):
        factories.session(discounts=[{"coupon": foreign.id}])
    fitting = factories.price(product=other.id)
    assert factories.session(fitting.id, discounts=[{"coupon": limited.id}]).amount_total == 7425


def test_spent_late_and_switched_off_codes_are_refused(api: Any, advance: Advance) -> None:
    made = coupon(api, max_redemptions=1)
    factories.paid(discounts=[{"coupon": made.id}])
    with pytest.raises(stripe.InvalidRequestError, match="expired"):
        factories.session(discounts=[{"coupon": made.id}])
    until = int((clock.now() + timedelta(days=1)).timestamp())
    late = coupon(api, redeem_by=until)
    assert late.valid
    advance(days=2)
    assert not api.v1.coupons.retrieve(late.id).valid
    promotion = code(api, coupon(api).id)
    api.v1.promotion_codes.update(promotion.id, {"active": False})
    with pytest.raises(stripe.InvalidRequestError, match="not active"):
        factories.session(discounts=[{"promotion_code": promotion.id}])


def test_a_first_time_code_is_refused_to_who_has_paid(api: Any) -> None:
    customer = api.v1.customers.create({"email": "a@example.com"})
    promotion = code(api, coupon(api).id, restrictions={"first_time_transaction": True})
    discounts = [{"promotion_code": promotion.id}]
    opened = factories.session(customer=customer.id, discounts=discounts)
    factories.pay(opened.id)
    with pytest.raises(stripe.InvalidRequestError, match="prior transactions"):
        factories.session(customer=customer.id, discounts=discounts)


def test_one_active_code_of_a_name(api: Any) -> None:
    made = coupon(api)
    promotion = code(api, made.id)
    with pytest.raises(stripe.InvalidRequestError, match="already exists"):
        code(api, made.id, code="spring")
    assert [each.id for each in api.v1.promotion_codes.list({"code": "spring"}).data] == [
        promotion.id
    ]
    api.v1.promotion_codes.update(promotion.id, {"active": False})
    assert code(api, made.id).id != promotion.id


@pytest.mark.parametrize(
    "terms",
    [
        {"percent_off": 20, "amount_off": 100, "currency": "cny"},
        {"amount_off": 100},
        {"percent_off": 101},
        {"percent_off": 20, "duration": "repeating"},
        {"percent_off": 20, "duration_in_months": 2},
    ],
)
def test_terms_that_make_no_sense_are_refused(api: Any, terms: Any) -> None:
    with pytest.raises(stripe.InvalidRequestError):
        api.v1.coupons.create(terms)
