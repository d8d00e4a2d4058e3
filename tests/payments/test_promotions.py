"""Promotion codes: what they take off, for whom, how often; charged is what was shown."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse

from accounts.models import OutboxMessage, User
from courses.models import Grant
from operations import clock as site_clock
from payments import checkout, offers, promotions, reconciliation, reminders, subscriptions
from payments.models import Difference, MoneyEntry, Order, PromotionUse, Subscription
from payments.models.offers import TermsAreFixed
from payments.sandbox import completing, time
from payments.sandbox.models import StripeObject
from tests.accounts.browser import text_of
from tests.factories import UserFactory, course
from tests.payments.factories import PromotionFactory, course_price, membership_prices

pytestmark = pytest.mark.django_db


def session_of(order: Order) -> dict[str, Any]:
    order.refresh_from_db()
    return dict(StripeObject.objects.get(stripe_id=order.session_id).data)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def buy_page(price: Any) -> str:
    return reverse("payments_buy", args=[price.offer.key])


# What it takes off


@pytest.mark.parametrize(
    ("terms", "amount"),
    [({"percent": 25}, 7425), ({"percent": 33}, 6633), ({"amount": 2000}, 7900)],
)
def test_what_is_charged_is_what_the_page_said(shop, buyer, terms, amount):
    price = course_price(course(lessons=1))
    promotion = PromotionFactory(**terms)
    order = shop.buy(buyer, price, promotion)
    assert order.status == Order.Status.FULFILLED
    assert (order.amount, order.discount, order.list_amount) == (amount, 9900 - amount, 9900)
    assert MoneyEntry.objects.get().amount == amount
    assert order.promotion_use.used_at is not None
    assert Grant.objects.filter(learner=buyer).exists()
    assert not Difference.objects.exists()


def test_beside_an_early_price_the_page_says_what_the_code_takes_off_from_what(client):
    offer = course_price(course(), amount=9900).offer
    now = site_clock.now()
    price = offers.set_early_price(
        offer=offer, currency="CNY", amount=6900, ends_at=now + timedelta(days=9), now=now
    )
    code = PromotionFactory(percent=30).code
    page = text_of(client.get(buy_page(price), {"code": code}))
    for words in ("¥48.30", "¥99", "早鸟价 ¥69，", "优惠码减 ¥20.70"):
        assert words in page
    assert "之后 ¥99" not in page


def test_what_a_code_pays_whole_is_not_called_a_payment(client):
    price = course_price(course())
    page = client.get(buy_page(price), {"code": PromotionFactory(percent=100).code}).text
    assert "免费领取" in page
    assert "去付款" not in page


def test_rounding_is_as_stripe_has_it(shop, buyer):
    """A half goes up; the site looks at the session before it lets anybody pay."""
    for percent, amount in ((15, 8402), (5, 9391), (1, 9786)):
        price = course_price(course(lessons=1), amount=9885)
        order = shop.begin(UserFactory(), price, PromotionFactory(percent=percent))
        assert order.amount == session_of(order)["amount_total"] == amount


def test_a_code_that_leaves_nothing_to_pay_opens_the_course(shop, buyer):
    order = shop.begin(buyer, course_price(course(lessons=1)), PromotionFactory(percent=100))
    order.refresh_from_db()
    completing.complete_free(order.session_id, now=site_clock.now())
    shop.deliver()
    order.refresh_from_db()
    assert (order.status, order.amount, order.payment_intent_id) == ("fulfilled", 0, None)
    assert not MoneyEntry.objects.exists()
    assert Grant.objects.get(learner=buyer).withdrawn_at is None
    told = OutboxMessage.objects.get(key=f"order-paid-{order.pk}")
    assert "¥0" not in told.text
    reconciliation.sweep_all(now=site_clock.now())
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED
    page = signed_in(buyer).get(reverse("order", args=[order.key]))
    assert reverse("order_refund", args=[order.key]) not in page.text


def test_two_pages_of_nothing_open_it_once(shop, buyer):
    page = course(lessons=1)
    free = PromotionFactory(percent=100, per_person=2)
    first = shop.begin(buyer, course_price(page), free)
    Order.objects.filter(pk=first.pk).update(status=Order.Status.EXPIRED)
    second = shop.begin(buyer, course_price(page, amount=8900), free)
    for order in (first, second):
        order.refresh_from_db()
        completing.complete_free(order.session_id, now=site_clock.now())
    shop.deliver()
    assert sorted(Order.objects.values_list("status", flat=True)) == ["fulfilled", "refunded"]
    assert Grant.objects.filter(learner=buyer, withdrawn_at=None).count() == 1


# What renews itself


@pytest.mark.parametrize(
    ("terms", "expected"),
    [
        ({}, [2925, 3900, 3900]),
        ({"duration": "repeating", "months": 2}, [2925, 2925, 3900]),
        ({"duration": "forever"}, [2925, 2925, 2925]),
    ],
)
def test_renewals_cost_what_was_said(shop, buyer, terms, expected):
    price = membership_prices()["month"]
    order = shop.buy(buyer, price, PromotionFactory(**terms))
    row = Subscription.objects.get()
    assert (order.status, order.amount, row.amount) == ("fulfilled", 2925, 3900)
    for number in (1, 2):
        subscriptions.refresh(row.stripe_id, now=site_clock.now())
        row.refresh_from_db()
        assert row.next_amount == expected[number]
        shop.advance(days=32)
    paid = row.invoices.order_by("created_at").values_list("amount_paid", flat=True)
    assert list(paid) == expected
    assert not Difference.objects.exists()


def test_the_notice_before_a_renewal_names_the_reduced_amount(shop, buyer):
    shop.buy(buyer, membership_prices()["month"], PromotionFactory(duration="forever"))
    shop.advance(days=26)
    reminders.send_due(site_clock.now())
    notice = OutboxMessage.objects.get(key__startswith="renewal-notice-")
    assert "¥29.25" in notice.text
    assert "¥29.25" in signed_in(buyer).get(reverse("orders")).text


def test_after_a_trial_the_first_payment_is_reduced(shop, buyer):
    price = membership_prices()["year"]
    order = shop.buy(buyer, price, PromotionFactory())
    assert (order.status, order.amount, order.trial_days) == ("fulfilled", 27375, 7)
    shop.advance(days=8)
    paid = Subscription.objects.get().invoices.order_by("created_at")
    assert list(paid.values_list("amount_paid", flat=True)) == [0, 27375]
    assert not Difference.objects.exists()


# Whose, how often, until when


@pytest.mark.parametrize(
    ("terms", "reason"),
    [
        ({"is_active": False}, promotions.Expired),
        ({"ends_at": -1}, promotions.Expired),
        ({"starts_at": 1}, promotions.NotYet),
        ({"amount": 500, "currency": "JPY"}, None),
        ({"duration": "forever"}, None),
    ],
)
def test_a_code_is_refused_with_its_reason(shop, buyer, terms, reason):
    for name in ("starts_at", "ends_at"):
        if name in terms:
            terms = terms | {name: site_clock.now() + timedelta(hours=terms[name])}
    price = course_price(course())
    promotion = PromotionFactory(**terms)
    if reason is None:  # not for this: what was shown was the full price
        assert shop.begin(buyer, price, promotion).discount == 0
        return
    with pytest.raises(reason):
        shop.begin(buyer, price, promotion)
    assert not Order.objects.exists()


def test_a_code_for_chosen_offers_reduces_no_other(shop, buyer):
    chosen, other = course_price(course()), course_price(course())
    promotion = PromotionFactory(offers=[chosen.offer])
    assert shop.begin(buyer, other, promotion).discount == 0
    assert shop.begin(buyer, chosen, promotion).discount == 2475


def test_one_use_is_held_while_a_page_is_open_and_given_up_with_it(shop, buyer):
    price, promotion = course_price(course(lessons=1)), PromotionFactory(max_uses=1)
    order = shop.begin(buyer, price, promotion)
    lives = session_of(order)["expires_at"] - site_clock.now().timestamp()
    assert 3500 < lives <= 3600
    other = UserFactory()
    with pytest.raises(promotions.UsedUp):
        shop.begin(other, price, promotion)
    assert shop.begin(buyer, price, promotion).pk == order.pk, "one's own page is no second use"
    shop.advance(minutes=61)
    later = shop.begin(other, price, promotion)
    assert later.discount == 2475
    assert PromotionUse.objects.get(order=order).released_at is not None


def test_the_sweep_gives_up_what_no_news_came_of(shop, buyer):
    price, promotion = course_price(course(lessons=1)), PromotionFactory(max_uses=1)
    order = shop.begin(buyer, price, promotion)
    time.advance(by=timedelta(minutes=61))
    reconciliation.sweep_open(now=site_clock.now())
    assert PromotionUse.objects.get(order=order).released_at is not None


def test_a_paid_use_is_never_given_up(shop, buyer):
    price, promotion = course_price(course(lessons=1)), PromotionFactory(max_uses=1)
    shop.buy(buyer, price, promotion)
    shop.advance(days=2)
    reconciliation.sweep_all(now=site_clock.now())
    with pytest.raises(promotions.UsedUp):
        shop.begin(UserFactory(), price, promotion)


def test_a_payment_whose_use_somebody_else_has_by_now_is_parked(shop, buyer):
    """Stripe says that a page is closed before its use is given up; should one be paid all the
    same, a person looks."""
    price, promotion = course_price(course(lessons=1)), PromotionFactory(max_uses=1)
    first = shop.begin(buyer, price, promotion)
    Order.objects.filter(pk=first.pk).update(status=Order.Status.EXPIRED)
    shop.buy(UserFactory(), price, promotion)
    shop.pay(first)
    shop.deliver()
    first.refresh_from_db()
    assert (first.status, first.note) == ("parked", "code_used_up")
    assert promotion.uses.filter(used_at__isnull=False).count() == 1


def test_a_person_uses_it_as_often_as_it_says(shop, buyer):
    promotion = PromotionFactory(per_person=2)
    for _ in range(2):
        shop.buy(buyer, course_price(course(lessons=1)), promotion)
    with pytest.raises(promotions.UsedByYou):
        shop.begin(buyer, course_price(course(lessons=1)), promotion)
    shop.begin(UserFactory(), course_price(course(lessons=1)), promotion)


def test_a_code_for_one_is_not_held_for_two_things(shop, buyer):
    promotion = PromotionFactory()
    first = shop.begin(buyer, course_price(course(lessons=1)), promotion)
    second = shop.begin(buyer, course_price(course(lessons=1)), promotion)
    first.refresh_from_db()
    assert (first.status, second.discount) == ("expired", 2475)
    assert session_of(first)["status"] == "expired"


def test_a_first_purchase_is_the_first(shop, buyer):
    promotion = PromotionFactory(first_purchase_only=True)
    shop.buy(buyer, course_price(course(lessons=1)))
    with pytest.raises(promotions.FirstPurchaseOnly):
        shop.begin(buyer, course_price(course(lessons=1)), promotion)
    assert shop.begin(UserFactory(), course_price(course()), promotion).discount


def test_with_another_code_the_first_page_closes(shop, buyer):
    price = course_price(course())
    plain = shop.begin(buyer, price)
    with_code = shop.begin(buyer, price, PromotionFactory())
    assert session_of(plain)["status"] == "expired"
    assert session_of(with_code)["amount_total"] == 7425


# What the database holds


def test_terms_are_fixed_once_it_was_used(shop, buyer):
    promotion = PromotionFactory()
    promotion.percent = 30
    promotion.save()
    shop.begin(buyer, course_price(course()), promotion)
    promotion.percent = 50
    with pytest.raises(TermsAreFixed):
        promotion.save()
    promotion.refresh_from_db()
    promotion.is_active = False
    promotion.save()


@pytest.mark.parametrize(
    "terms",
    [
        {"code": "spring"},
        {"percent": None},
        {"percent": 0},
        {"percent": 101},
        {"amount": 100, "currency": ""},
        {"duration": "repeating"},
        {"months": 3},
        {"max_uses": 0},
        {"per_person": 0},
    ],
)
def test_the_database_refuses_terms_that_make_no_sense(terms):
    with pytest.raises(IntegrityError), transaction.atomic():
        PromotionFactory(**terms)


def test_a_code_is_found_however_it_is_typed():
    promotion = PromotionFactory(code="SPRING-25")
    for typed in ("spring-25", " Spring-25 ", "ＳＰＲＩＮＧ－２５"):
        assert promotions.find(typed, now=site_clock.now()) == promotion
    with pytest.raises(promotions.Unknown):
        promotions.find("SPRING", now=site_clock.now())


# Pages


def test_a_link_carries_the_code_through_signing_in(client, shop, buyer):
    price, promotion = course_price(course(lessons=1)), PromotionFactory(code="SPRING")
    page = client.get(buy_page(price), {"code": "spring"})
    assert "¥74.25" in page.text
    assert '<s class="price-was">¥99</s>' in page.text
    assert "¥24.75" in page.text
    asked = client.post(reverse("payments_checkout"), {"price": price.key, "code": promotion.code})
    assert "code%3DSPRING" in asked["Location"] or "code=SPRING" in asked["Location"]
    client.force_login(buyer)
    again = client.get(buy_page(price))
    assert "¥74.25" in again.text
    started = client.post(
        reverse("payments_checkout"), {"price": price.key, "code": promotion.code}
    )
    assert started.status_code == 303
    assert session_of(Order.objects.get())["amount_total"] == 7425
    gone = client.get(buy_page(price), {"code": ""})
    assert "¥74.25" not in gone.text
    assert "¥74.25" not in client.get(buy_page(price)).text


@pytest.mark.parametrize(
    ("terms", "words"),
    [
        (None, promotions.Unknown),
        ({"is_active": False}, promotions.Expired),
        ({"duration": "forever"}, promotions.NotForThis),
        ({"first_purchase_only": True}, promotions.FirstPurchaseOnly),
    ],
)
def test_the_page_says_why_a_code_gives_nothing(shop, buyer, terms, words):
    if terms is not None:
        PromotionFactory(code="SPRING", **terms)
    shop.buy(buyer, course_price(course(lessons=1)))
    page = signed_in(buyer).get(buy_page(course_price(course())), {"code": "spring"})
    assert str(words.message) in page.text
    assert 'value="spring"' in page.text, "what was typed is still there"
    assert 'name="code" value="SPRING"' not in page.text
    assert "¥99" in page.text


def test_a_code_that_was_used_up_meanwhile_charges_nothing_else(shop, buyer):
    price, promotion = course_price(course(lessons=1)), PromotionFactory(max_uses=1)
    client = signed_in(buyer)
    assert "¥74.25" in client.get(buy_page(price), {"code": promotion.code}).text
    shop.buy(UserFactory(), price, promotion)
    answer = client.post(reverse("payments_checkout"), {"price": price.key, "code": promotion.code})
    assert answer.status_code == 409
    assert f'action="{buy_page(price)}"' in answer.text, "another code can be tried from here"
    assert f'href="{buy_page(price)}?code="' in answer.text
    assert str(promotions.UsedUp.message) in answer.text
    assert not Order.objects.filter(buyer=buyer).exists()


def test_the_membership_page_reduces_the_plans_it_is_for(shop, client):
    prices = membership_prices()
    promotion = PromotionFactory(code="MONTHLY", offers=[prices["month"].offer])
    page = client.get(reverse("membership"), {"code": "monthly"})
    assert page.text.count("price-was") == 1
    assert "¥29.25" in page.text
    buyer = UserFactory()
    client.force_login(buyer)
    for name, amount in (("term", 36500), ("month", 2925)):
        client.post(
            reverse("payments_checkout"), {"price": prices[name].key, "code": promotion.code}
        )
        assert Order.objects.get(buyer=buyer, status="open").amount == amount


@pytest.mark.parametrize(
    ("terms", "told"),
    [
        ({}, ["¥29.25", "¥39/"]),
        ({"duration": "repeating", "months": 3}, ["¥29.25/", "¥39/"]),
        ({"duration": "forever"}, ["¥29.25/"]),
    ],
)
def test_what_later_renewals_cost_is_said_before(client, terms, told):
    membership_prices()
    PromotionFactory(code="SPRING", **terms)
    page = client.get(reverse("membership"), {"code": "SPRING"})
    (plan,) = [each for each in page.context["plans"] if each.offer.interval == "month"]
    for words in told:
        assert words in plan.sentence
    assert ("¥39/" in plan.sentence) == ("¥39/" in told)


def test_guessing_codes_is_stopped(client, settings):
    settings.RATE_LIMITS = {**settings.RATE_LIMITS, "promotion_code": "3/m/ip"}
    price = course_price(course())
    answers = [
        client.get(buy_page(price), {"code": f"GUESS{number}"}).status_code for number in range(4)
    ]
    assert answers == [200, 200, 200, 429]
    assert client.get(buy_page(price)).status_code == 200


def test_the_order_says_what_the_code_saved(shop, buyer):
    order = shop.buy(buyer, course_price(course(lessons=1)), PromotionFactory(code="SPRING"))
    page = signed_in(buyer).get(reverse("order", args=[order.key]))
    for words in ("SPRING", "¥24.75", "¥99", "¥74.25"):
        assert words in page.text


def test_stripe_charging_another_amount_is_refused_before_it_is_paid(shop, buyer, monkeypatch):
    price, promotion = course_price(course()), PromotionFactory()
    shop.begin(UserFactory(), price, promotion)
    coupon = StripeObject.objects.get(kind="coupon")
    coupon.data["percent_off"] = 20
    coupon.save()
    with pytest.raises(checkout.StripeUnavailable):
        shop.begin(buyer, price, promotion)
    sessions = StripeObject.objects.filter(kind="checkout.session", data__status="open")
    assert sessions.count() == 1


def test_a_code_that_stripe_has_already_is_taken_up_again(shop, buyer):
    """As after a restore: its row is lost, its code is taken at Stripe."""
    price, promotion = course_price(course()), PromotionFactory()
    shop.begin(buyer, price, promotion)
    promotion.stripe_promotions.all().delete()
    assert shop.begin(UserFactory(), price, promotion).discount
    assert StripeObject.objects.filter(kind="promotion_code").count() == 1


@pytest.mark.parametrize(("duration", "is_named"), [("once", True), ("forever", False)])
def test_the_mail_of_a_trial_names_what_is_charged_when_the_code_is_used_up(
    shop, buyer, duration, is_named
):
    code = PromotionFactory(percent=50, duration=duration)
    shop.buy(buyer, membership_prices()["year"], code)
    mail = OutboxMessage.objects.get(key__startswith="membership-begun-")
    assert "¥182.50" in mail.text
    assert ("优惠用完后收 ¥365" in mail.text) is is_named
