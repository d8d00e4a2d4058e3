"""Whether a payment may begin, and with which page of Stripe's: each rule by itself."""

from datetime import timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from django.urls import reverse

from courses.models import Grant
from operations import clock as site_clock
from payments import checkout, for_others, gateway, offers
from payments.models import Offer, Order, Trial
from payments.sandbox import completing, faults
from tests.factories import MembershipFactory, UserFactory, bundle, course
from tests.payments.factories import (
    OrderFactory,
    PromotionFactory,
    SubscriptionFactory,
    bundle_price,
    course_price,
    membership_prices,
    planned_course,
    sold_in_advance,
)

pytestmark = pytest.mark.django_db
OTHER_ACCOUNT = {"account": "acct_other"}


def page_of(order):
    """The page at Stripe where it is paid, as it is now."""
    order.refresh_from_db()
    return gateway.retrieve_session(str(order.session_id))


def may_buy(buyer, price):
    return checkout.may_buy(buyer, price.offer, now=site_clock.now())


def grant(learner, **fields):
    """By staff, without an end unless one is named."""
    return Grant.objects.create(
        **{"source_kind": Grant.Source.STAFF, "source_id": f"of {learner.pk}"}
        | {"starts_at": site_clock.now() - timedelta(days=1)}
        | {"learner": learner}
        | fields
    )


def in_days(days):
    return site_clock.now() + timedelta(days=days)


def reserved(shop, buyer, price):
    Offer.objects.filter(pk=price.offer_id).update(presale=Offer.Presale.AT_RELEASE)
    price.offer.refresh_from_db()
    order = shop.begin(buyer, price)
    assert shop.pay(order).kind == "complete"
    return order


# --- who may buy ---------------------------------------------------------------------------------


def test_a_course_is_bought_by_who_has_it_neither_now_nor_in_advance(shop, buyer):
    page, other = course(), course()
    price = course_price(page)
    grant(UserFactory(), course=page)
    grant(buyer, course=other)
    assert may_buy(buyer, price)
    grant(buyer, course=page)
    assert not may_buy(buyer, price)


def test_what_is_reserved_is_not_bought_beside_and_hinders_nothing_else(shop, buyer):
    page = planned_course()
    price = sold_in_advance(page)
    reserved(shop, buyer, price)
    shop.deliver()
    assert not may_buy(buyer, price)
    assert may_buy(UserFactory(), price)
    assert may_buy(buyer, sold_in_advance(planned_course()))


@pytest.mark.parametrize(
    ("ends", "kind", "may"),
    [
        ([29], "term", True),
        ([31], "term", False),
        ([29, 31], "term", False),
        ([None], "term", False),
        ([29, None], "term", False),
        ([29], "month", False),
    ],
)
def test_a_term_may_follow_in_the_last_thirty_days_of_all_that_stands(buyer, ends, kind, may):
    prices = membership_prices()
    membership = prices["term"].offer.membership
    grant(UserFactory(), membership=membership)
    grant(buyer, membership=MembershipFactory())
    assert may_buy(buyer, prices[kind])
    for number, days in enumerate(ends):
        ends_at = None if days is None else in_days(days)
        grant(buyer, membership=membership, ends_at=ends_at, source_id=f"{number}")
    assert may_buy(buyer, prices[kind]) is may


def test_thirty_days_to_the_second_are_in_time(buyer):
    now = site_clock.now()
    term = membership_prices()["term"]
    grant(buyer, membership=term.offer.membership, ends_at=now + timedelta(days=30))
    assert checkout.may_buy(buyer, term.offer, now=now)


@pytest.mark.parametrize(("status", "may"), [("past_due", False), ("canceled", True)])
def test_a_subscription_that_may_come_back_is_not_bought_again(buyer, status, may):
    prices = membership_prices()
    SubscriptionFactory(offer=prices["month"].offer)  # another person's
    SubscriptionFactory(learner=buyer)  # to another membership
    assert may_buy(buyer, prices["year"])
    SubscriptionFactory(learner=buyer, offer=prices["month"].offer, status=status)
    assert may_buy(buyer, prices["year"]) is may


def test_subscriptions_of_one_person_are_in_one_currency(shop, buyer):
    price = membership_prices()["month"]
    SubscriptionFactory(currency="USD")  # another person's
    SubscriptionFactory(learner=buyer, currency="USD", status="canceled")
    SubscriptionFactory(learner=buyer, currency="CNY")
    SubscriptionFactory(learner=buyer, currency="")
    assert shop.begin(buyer, price)
    SubscriptionFactory(learner=buyer, currency="JPY")
    with pytest.raises(checkout.OtherCurrency):
        shop.begin(buyer, price)
    assert shop.begin(buyer, course_price(course()))  # paid once: in whichever


def test_a_trial_is_given_to_who_had_none_here(shop, buyer):
    year = membership_prices()["year"]
    now = site_clock.now()
    friend = UserFactory()
    Trial.objects.create(learner=friend, began_at=now, order=OrderFactory(), account="acct_sandbox")
    Trial.objects.create(learner=buyer, began_at=now, order=OrderFactory(), **OTHER_ACCOUNT)
    assert shop.begin(buyer, year).trial_days == 7
    assert shop.begin(friend, year).trial_days == 0


def test_what_is_free_or_not_for_sale_begins_no_payment(shop, buyer):
    free = course_price(course(), amount=0)
    unsold = planned_course()
    for price in (free, course_price(unsold)):
        with pytest.raises(checkout.NotForSale):
            shop.begin(buyer, price)
    assert not Order.objects.exists()


# --- which order, which page ---------------------------------------------------------------------


def test_beginning_one_thing_leaves_the_pages_of_all_others_open(shop, buyer):
    inside = course()
    one, other = course_price(course()), course_price(course())
    month = membership_prices()["month"]
    listening = membership_prices(MembershipFactory())["month"]
    bundles = [bundle_price(bundle(inside)) for _ in range(2)]
    begun = [shop.begin(buyer, each) for each in (one, month, bundles[0])]
    for price in (other, listening, bundles[1]):
        begun.append(shop.begin(buyer, price))
    assert {page_of(order)["status"] for order in begun} == {"open"}
    assert {order.status for order in begun} == {Order.Status.OPEN}


def test_one_thing_at_another_price_closes_ones_own_page_of_it_alone(shop, buyer):
    prices = membership_prices()
    own, friends = (shop.begin(each, prices["month"]) for each in (buyer, UserFactory()))
    wish = for_others.Wish(key=uuid4(), gift=for_others.GiftWords(giver_name="我"))
    term, now = prices["term"], site_clock.now()
    gift = checkout.start(buyer=buyer, price=term, wish=wish, now=now).order
    elsewhere = OrderFactory(buyer=buyer, price=prices["month"], **OTHER_ACCOUNT)
    closed = OrderFactory(buyer=buyer, price=prices["month"], status=Order.Status.FAILED)
    shop.begin(buyer, prices["year"])
    assert page_of(own)["status"] == "expired"
    for order in (friends, gift):
        assert page_of(order)["status"] == "open"
    for order in (own, friends, gift, elsewhere, closed):
        order.refresh_from_db()
    open_ones = [order.status == Order.Status.OPEN for order in (own, friends, gift, elsewhere)]
    assert open_ones == [False, True, True, True]
    assert (own.status, closed.status) == (Order.Status.EXPIRED, Order.Status.FAILED)


def test_what_is_paid_already_is_not_begun_otherwise(shop, buyer):
    prices = membership_prices()
    paid = shop.begin(buyer, prices["month"])
    shop.pay(paid)  # no news of it has come
    with pytest.raises(checkout.AlreadyPaid) as problem:
        shop.begin(buyer, prices["term"])
    assert problem.value.order == paid
    assert Order.objects.filter(buyer=buyer).count() == 1


def test_what_is_reserved_already_is_not_begun_at_another_price(shop, buyer):
    price = sold_in_advance()
    order = reserved(shop, buyer, price)  # no news of it has come
    new = offers.set_price(offer=price.offer, currency="CNY", amount=100, now=site_clock.now())
    with pytest.raises(checkout.AlreadyPaid) as problem:
        shop.begin(buyer, new)
    assert problem.value.order == order


def test_a_wallets_payment_on_its_way_is_not_begun_again(shop, buyer):
    price = course_price(course())
    order = shop.begin(buyer, price)
    completing.pay_by_wallet(order.session_id, "alipay", "paid_later", now=site_clock.now())
    with pytest.raises(checkout.AlreadyPaid) as problem:
        shop.begin(buyer, price)
    assert problem.value.order == order
    assert order.is_open


def test_a_page_that_keeps_a_card_gives_way_once_the_course_is_open(shop, buyer):
    page = planned_course()
    price = sold_in_advance(page)
    Offer.objects.filter(pk=price.offer_id).update(presale=Offer.Presale.AT_RELEASE)
    price.offer.refresh_from_db()
    keeping = shop.begin(buyer, price)
    assert page_of(keeping)["mode"] == "setup"
    page.opens_on = None
    page.save_revision().publish()
    price.offer.refresh_from_db()
    paying = shop.begin(buyer, price)
    assert paying.pk != keeping.pk
    assert page_of(paying)["mode"] == "payment"
    assert page_of(keeping)["status"] == "expired"
    assert keeping.status == Order.Status.EXPIRED


def test_an_order_from_before_is_taken_up_only_if_it_is_open_and_of_this_account(shop, buyer):
    price = course_price(course())
    OrderFactory(buyer=buyer, price=price, session_id=None, status=Order.Status.EXPIRED)
    OrderFactory(buyer=buyer, price=price, session_id=None, **OTHER_ACCOUNT)
    order = shop.begin(buyer, price)
    assert Order.objects.filter(buyer=buyer).count() == 3
    assert page_of(order)["status"] == "open"


@pytest.mark.parametrize(("minutes", "same"), [(19, True), (21, False)])
def test_a_code_is_held_anew_where_stripe_made_no_page_in_time(shop, buyer, clock, minutes, same):
    price, code = course_price(course()), PromotionFactory(max_uses=1)
    faults.plan("no_connection", times=100, match="POST /v1/checkout/sessions")
    with pytest.raises(checkout.StripeUnavailable):
        shop.begin(buyer, price, code)
    faults.clear()
    first = Order.objects.get()
    clock.move(timedelta(minutes=minutes))
    again = shop.begin(buyer, price, code)
    assert (again.pk == first.pk) is same
    first.refresh_from_db()
    assert first.status == (Order.Status.OPEN if same else Order.Status.EXPIRED)
    assert again.amount == 9900 - 2475


def test_what_never_got_a_page_is_closed_when_another_way_is_chosen(shop, buyer):
    prices = membership_prices()
    faults.plan("no_connection", times=100, match="POST /v1/checkout/sessions")
    with pytest.raises(checkout.StripeUnavailable):
        shop.begin(buyer, prices["month"])
    faults.clear()
    shop.begin(buyer, prices["term"])
    assert Order.objects.get(price=prices["month"]).status == Order.Status.EXPIRED


def test_without_a_code_an_order_waits_for_its_page_as_long_as_it_likes(shop, buyer, clock):
    price = course_price(course())
    faults.plan("no_connection", times=100, match="POST /v1/checkout/sessions")
    with pytest.raises(checkout.StripeUnavailable):
        shop.begin(buyer, price)
    faults.clear()
    first = Order.objects.get()
    clock.move(timedelta(hours=3))
    assert shop.begin(buyer, price) == first


def test_where_it_was_begun_is_kept_as_far_as_there_is_room(buyer):
    price = course_price(course())
    led_by = checkout.Attribution(block="b" * 80, experiment="e" * 80)
    started = checkout.start(buyer=buyer, price=price, attribution=led_by, now=site_clock.now())
    started.order.refresh_from_db()
    assert (started.order.from_block, started.order.experiment) == ("b" * 64, "e" * 64)


# --- what Stripe is asked for --------------------------------------------------------------------


@pytest.fixture
def asked(monkeypatch):
    """What Stripe was asked to make pages of, each as (parameters, key)."""
    made, found = gateway.create_session, []

    def create(params, *, key):
        found.append((params, key))
        return made(params, key=key)

    monkeypatch.setattr(gateway, "create_session", create)
    return found


def test_a_course_is_paid_once_in_the_currency_that_was_shown(shop, buyer, asked, settings):
    settings.STRIPE_PAYMENT_METHODS = []
    order = shop.begin(buyer, course_price(course()))
    [(params, key)] = asked
    assert key == f"order-{order.key}"
    assert params["mode"] == "payment"
    assert params["adaptive_pricing"] == {"enabled": False}
    assert params["line_items"][0]["quantity"] == 1
    assert params["metadata"] == {"order": str(order.key)}
    assert params["payment_intent_data"] == {"metadata": {"order": str(order.key)}}
    left_out = {"allowed_payment_method_types", "payment_method_options", "expires_at"}
    left_out |= {"automatic_tax", "tax_id_collection", "customer_update", "discounts"}
    assert not left_out & set(params)


@pytest.mark.parametrize(
    ("methods", "options"),
    [(["card"], None), (["card", "wechat_pay"], {"wechat_pay": {"client": "web"}})],
)
def test_the_ways_to_pay_are_the_sites(shop, buyer, asked, settings, methods, options):
    settings.STRIPE_PAYMENT_METHODS = methods
    shop.begin(buyer, course_price(course()))
    [(params, _)] = asked
    assert params["allowed_payment_method_types"] == methods
    assert params.get("payment_method_options") == options


def test_tax_is_reckoned_by_stripe_where_the_site_says_so(shop, buyer, asked, settings):
    settings.STRIPE_TAX = True
    shop.begin(buyer, course_price(course()))
    [(params, _)] = asked
    assert params["automatic_tax"] == {"enabled": True}
    assert params["tax_id_collection"] == {"enabled": True}
    assert params["customer_update"] == {"address": "auto", "name": "auto"}


def test_a_subscription_takes_a_card_in_any_case(shop, buyer, asked):
    order = shop.begin(buyer, membership_prices()["year"])
    [(params, _)] = asked
    assert params["mode"] == "subscription"
    assert params["allowed_payment_method_types"] == ["card"]
    assert params["payment_method_collection"] == "always"
    assert params["subscription_data"] == {
        "metadata": {"order": str(order.key)},
        "trial_period_days": 7,
    }
    friend = shop.begin(UserFactory(), membership_prices()["month"])
    assert asked[1][0]["subscription_data"] == {"metadata": {"order": str(friend.key)}}


def test_a_code_with_so_many_uses_holds_its_page_for_an_hour(shop, buyer, asked):
    order = shop.begin(buyer, course_price(course()), PromotionFactory(max_uses=1))
    shop.begin(UserFactory(), course_price(course()), PromotionFactory())
    limited, free = (params for params, _ in asked)
    assert limited["expires_at"] == int(order.created_at.timestamp()) + 3600
    assert "expires_at" not in free
    assert free["discounts"]


def test_seats_say_how_many_and_what_for(buyer, asked):
    wish = for_others.Wish(key=uuid4(), seats=3)
    price = course_price(course())
    order = checkout.start(buyer=buyer, price=price, wish=wish, now=site_clock.now()).order
    [(params, _)] = asked
    assert params["line_items"][0]["quantity"] == 3
    assert params["metadata"] == {
        "order": str(order.key),
        "purpose": Order.Purpose.SEATS,
        "quantity": "3",
    }


@pytest.mark.parametrize(("language", "locale"), [("zh-hans", "zh"), ("en", "en")])
def test_stripes_page_speaks_the_buyers_language_and_leads_back(shop, asked, language, locale):
    order = shop.begin(UserFactory(language=language), course_price(course()))
    [(params, _)] = asked
    assert params["locale"] == locale
    back = urlsplit(params["success_url"])
    assert back.path == reverse("payments_return")
    assert back.query == f"order={order.key.hex}&session={{CHECKOUT_SESSION_ID}}"
    assert urlsplit(params["cancel_url"]).query == f"order={order.key.hex}"


def test_a_page_that_would_charge_otherwise_is_closed(shop, buyer, monkeypatch):
    made = gateway.create_session

    def dearer(params, *, key):
        session = made(params, key=key)
        return session | {"amount_subtotal": session["amount_subtotal"] + 1}

    monkeypatch.setattr(gateway, "create_session", dearer)
    with pytest.raises(checkout.StripeUnavailable):
        shop.begin(buyer, course_price(course()))
    [order] = Order.objects.all()
    assert order.session_id is None


def test_only_a_refused_reservation_is_paid_by_oneself(shop, buyer):
    paid = shop.buy(buyer, course_price(course()))
    standing = reserved(shop, buyer, sold_in_advance())
    shop.deliver()
    standing.refresh_from_db()
    for order in (paid, standing):
        with pytest.raises(checkout.NotForSale):
            checkout.pay_refused(order, now=site_clock.now())
