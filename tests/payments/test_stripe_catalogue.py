"""What is made at Stripe of people, prices and codes: its shape, once, and found again."""

import pytest

from payments import gateway, stripe_catalogue
from payments.models import Customer, StripePrice, StripeProduct, StripePromotion
from payments.sandbox.models import StripeObject
from tests.factories import UserFactory, course
from tests.payments.factories import PriceFactory, PromotionFactory, course_price, membership_prices

pytestmark = pytest.mark.django_db


def at_stripe(stripe_id):
    return StripeObject.objects.get(stripe_id=stripe_id).data


def number_of(kind):
    return StripeObject.objects.filter(kind=kind).count()


@pytest.mark.parametrize(
    ("language", "name", "locales"), [("zh-hans", "林岚", ["zh"]), ("en", "", ["en"])]
)
def test_a_customer_is_made_once_and_knows_whose_it_is(language, name, locales):
    person = UserFactory(email="amy@example.org", name=name, language=language)
    made = stripe_catalogue.customer_of(person)
    shape = at_stripe(made)
    assert (shape["email"], shape["name"] or "") == ("amy@example.org", name)
    assert shape["preferred_locales"] == locales
    assert shape["metadata"]["user"] == str(person.pk)
    assert stripe_catalogue.customer_of(person) == made
    assert stripe_catalogue.customer_of(UserFactory()) != made
    assert number_of("customer") == 2


def test_a_restored_database_finds_the_same_customer():
    """The wish is the same, so Stripe gives what it made."""
    person = UserFactory()
    made = stripe_catalogue.customer_of(person)
    Customer.objects.all().delete()
    assert stripe_catalogue.customer_of(person) == made
    assert number_of("customer") == 1


def test_a_price_is_made_with_its_product(settings):
    settings.STRIPE_TAX_CODE = "txcd_10000000"
    price = course_price(course(title="城市的暗线"))
    yen = PriceFactory(offer=price.offer, currency="JPY", amount=1500)
    made = at_stripe(stripe_catalogue.price_at_stripe(price))
    assert (made["unit_amount"], made["currency"], made["recurring"]) == (9900, "cny", None)
    assert (made["tax_behavior"], made["metadata"]) == ("inclusive", {"price": str(price.key)})
    product = at_stripe(made["product"])
    assert (product["name"], product["tax_code"]) == ("城市的暗线", "txcd_10000000")
    assert product["metadata"] == {"offer": str(price.offer.key)}
    again = at_stripe(stripe_catalogue.price_at_stripe(yen))
    assert again["product"] == made["product"]
    assert stripe_catalogue.price_at_stripe(price) == made["id"]
    assert (number_of("product"), number_of("price")) == (1, 2)


def test_what_another_account_knows_is_made_anew():
    price = course_price(course())
    for model, of in ((StripePrice, {"price": price}), (StripeProduct, {"offer": price.offer})):
        model.objects.create(account="acct_other", stripe_id="theirs", **of)
        model.objects.create(account=gateway.account_id(), livemode=True, stripe_id="live", **of)
    assert stripe_catalogue.price_at_stripe(price) not in ("theirs", "live")
    assert (number_of("product"), number_of("price")) == (1, 1)


@pytest.mark.parametrize(
    ("plan", "cycle"), [("month", ("month", 1)), ("quarter", ("month", 3)), ("year", ("year", 1))]
)
def test_a_plan_says_how_often_it_renews(library, plan, cycle):
    made = at_stripe(stripe_catalogue.price_at_stripe(library[plan]))
    assert (made["recurring"]["interval"], made["recurring"]["interval_count"]) == cycle


def test_a_term_does_not_renew():
    made = at_stripe(stripe_catalogue.price_at_stripe(membership_prices()["term"]))
    assert made["recurring"] is None


def test_a_code_is_made_with_its_coupon():
    prices = membership_prices()
    code = PromotionFactory(
        code="SPRING",
        duration="repeating",
        months=3,
        offers=[prices["month"].offer, prices["year"].offer],
    )
    shape = at_stripe(stripe_catalogue.promotion_at_stripe(code))
    assert (shape["code"], shape["metadata"]) == ("SPRING", {"promotion": str(code.key)})
    coupon = at_stripe(shape["promotion"]["coupon"])
    assert (coupon["percent_off"], coupon["amount_off"]) == (25, None)
    assert (coupon["duration"], coupon["duration_in_months"]) == ("repeating", 3)
    assert (coupon["name"], coupon["metadata"]) == ("SPRING", {"promotion": str(code.key)})
    products = [
        StripeProduct.objects.get(offer=prices[name].offer).stripe_id for name in ("year", "month")
    ]
    row = StripeObject.objects.get(stripe_id=coupon["id"])
    assert row.private["products"] == products


def test_an_amount_off_is_of_its_currency_and_good_for_all():
    code = PromotionFactory(amount=2000)
    shape = at_stripe(stripe_catalogue.promotion_at_stripe(code))
    coupon = at_stripe(shape["promotion"]["coupon"])
    assert (coupon["amount_off"], coupon["currency"]) == (2000, "cny")
    assert (coupon["percent_off"], coupon["duration_in_months"]) == (None, None)
    assert number_of("product") == 0


def test_a_code_that_a_restored_database_forgot_is_found_at_stripe():
    code = PromotionFactory(code="SPRING")
    made = stripe_catalogue.promotion_at_stripe(code)
    assert stripe_catalogue.promotion_at_stripe(code) == made
    StripePromotion.objects.all().delete()
    assert stripe_catalogue.promotion_at_stripe(code) == made
    assert number_of("promotion_code") == 1
