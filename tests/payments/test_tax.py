"""With STRIPE_TAX, Stripe reckons what of a price is tax; what is charged stays what was shown."""

import pytest
from django.urls import reverse

from accounts import roles
from operations import clock as site_clock
from payments import stripe_check
from payments.models import Invoice, MoneyEntry, Order
from payments.sandbox import completing
from tests.factories import course
from tests.payments.factories import course_price
from tests.payments.staff import at_desk, csv_rows

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _taxed(settings):
    settings.STRIPE_TAX = True


def buy(shop, buyer, price, **form):
    order = shop.begin(buyer, price)
    card = completing.filled("4242424242424242", **form)
    completing.pay_by_card(str(order.session_id), card, now=site_clock.now())
    shop.deliver()
    order.refresh_from_db()
    return order


@pytest.mark.parametrize(("country", "tax"), [("CN", 560), ("DE", 1581), ("US", 0)])
def test_what_is_charged_is_what_was_shown_and_holds_the_tax(shop, buyer, country, tax):
    order = buy(shop, buyer, course_price(course(), amount=9900), country=country)
    assert order.status == Order.Status.FULFILLED
    assert MoneyEntry.objects.get(order=order).amount == 9900
    assert (order.tax, order.tax_country) == (tax, country)


def test_the_buyer_sees_the_tax_and_their_tax_number(shop, buyer, me):
    order = buy(shop, buyer, course_price(course()), country="DE", tax_id="DE123456789")
    seen = me.get(reverse("order", args=[order.key])).text
    assert "含 ¥15.81" in seen
    assert "DE123456789" in seen
    receipt = me.get(me.get(reverse("order_receipt", args=[order.key])).url).text
    for words in ("含 ¥15.81", "DE123456789"):
        assert words in receipt


def test_without_it_there_is_none(shop, buyer, me, settings):
    settings.STRIPE_TAX = False
    order = buy(shop, buyer, course_price(course()))
    assert (order.tax, order.tax_country) == (0, "")
    assert "<dt>税额</dt><dd>无</dd>" in me.get(reverse("order", args=[order.key])).text


def test_before_it_is_paid_nothing_is_said_of_it(shop, buyer, me):
    order = shop.begin(buyer, course_price(course()))
    address = reverse("order", args=[order.key])
    for state in (Order.Status.OPEN, Order.Status.EXPIRED):
        Order.objects.update(status=state)
        assert "税额" not in me.get(address).text, state


def test_prices_say_that_they_include_it(client):
    page = course(lessons=2)
    buying = reverse("payments_buy", args=[course_price(page).offer.key])
    lesson = reverse("lesson", args=[page.slug, page.get_children().last().slug])
    for address in (buying, page.get_absolute_url(), lesson):
        assert "价格已含税" in client.get(address).text, address


def test_each_bill_of_a_subscription_holds_its_tax(shop, buyer, me, library):
    order = buy(shop, buyer, library["year"], country="GB")
    shop.advance(days=367)  # the year may be a leap year
    bills = Invoice.objects.filter(subscription=order.subscription)
    assert bills.count() == 2
    assert {bill.tax for bill in bills} == {6083}
    assert {bill.amount_paid for bill in bills} == {36500}
    page = me.get(reverse("order", args=[order.key])).text
    assert "其中税额 ¥60.83" in page
    assert "<dt>税额</dt>" not in page
    assert "含 ¥60.83" in me.get(bills[0].page_url).text


def test_the_accountant_exports_it(shop, buyer):
    buy(shop, buyer, course_price(course()), country="JP", tax_id="T1234567890123")
    [told] = csv_rows(at_desk(roles.FINANCE), reverse("money-orders:index"))
    assert (told["税额"], told["国家或地区"], told["税号"]) == ("9.00", "JP", "T1234567890123")


def test_the_accountant_exports_whose_each_bill_is(shop, buyer, library):
    buy(shop, buyer, library["month"], country="GB", tax_id="GB123456789")
    desk = at_desk(roles.FINANCE)
    [told] = csv_rows(desk, reverse("money-invoices:index"))
    assert (told["税额"], told["国家或地区"], told["税号"]) == ("6.50", "GB", "GB123456789")
    bill = Invoice.objects.get()
    page = desk.get(reverse("money-invoices:inspect", args=[bill.pk])).text
    assert "¥6.50 · GB" in page
    assert "GB123456789" in page
    assert not bill.object["customer_tax_ids"]


def test_where_no_tax_is_reckoned_nobody_is_said_to_be_anywhere(shop, buyer, library, settings):
    settings.STRIPE_TAX = False
    buy(shop, buyer, library["month"])
    assert Invoice.objects.values_list("tax_country", "tax_number").get() == ("", "")


def test_the_check_of_stripe_says_that_it_is_set_up():
    assert any(found.about == "tax" and found.ok for found in stripe_check.findings())


def test_the_payment_page_asks_where_the_buyer_is(shop, buyer, client):
    order = shop.begin(buyer, course_price(course()))
    address = reverse("sandbox:checkout", args=[order.session_id])
    assert 'name="country"' in client.get(address).text
