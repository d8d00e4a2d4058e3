"""From the wish to buy to what was bought being open: once, by whichever way the news comes."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from accounts.models import OutboxMessage, User
from courses import access
from courses.models import Grant
from operations import clock as site_clock
from payments import (
    checkout,
    for_others,
    fulfilment,
    gateway,
    offers,
    reconciliation,
    reminders,
)
from payments.models import Difference, MoneyEntry, Order, WebhookEvent
from payments.sandbox import completing
from tests.factories import MembershipFactory, UserFactory, course
from tests.payments.conftest import DECLINED
from tests.payments.factories import (
    OrderFactory,
    PromotionFactory,
    course_price,
    membership_prices,
)

pytestmark = pytest.mark.django_db


def opens(buyer, page):
    return access.to_course(buyer, page).has_grant


def assert_bought_once(order):
    assert order.status == Order.Status.FULFILLED
    assert Grant.objects.filter(source_id=order.source_id).count() == 1
    assert MoneyEntry.objects.filter(order=order, kind="charge").count() == 1
    assert OutboxMessage.objects.filter(key=f"order-paid-{order.pk}").count() == 1


def test_a_paid_course_opens_when_the_webhook_comes(shop, buyer):
    page = course(lessons=2)
    order = shop.begin(buyer, course_price(page))
    assert shop.pay(order).kind == "complete"
    assert not opens(buyer, page)
    shop.deliver()
    order.refresh_from_db()
    assert opens(buyer, page)
    assert_bought_once(order)
    assert set(WebhookEvent.objects.values_list("outcome", flat=True)) <= {"done", "ignored"}


def test_a_paid_course_opens_when_the_buyer_comes_back_first(shop, buyer, client):
    page = course(lessons=2)
    order = shop.begin(buyer, course_price(page))
    shop.pay(order)
    client.force_login(buyer)
    answer = client.get(f"/payments/return/?order={order.key.hex}&session={order.session_id}")
    assert answer.status_code == 200
    assert opens(buyer, page)
    shop.deliver()
    order.refresh_from_db()
    assert_bought_once(order)


def test_a_paid_course_opens_by_the_sweep_when_no_news_comes_at_all(shop, buyer, clock):
    page = course(lessons=2)
    order = shop.begin(buyer, course_price(page))
    shop.pay(order)
    clock.move(timedelta(minutes=3))
    report = reconciliation.sweep_open(now=clock.now())
    order.refresh_from_db()
    assert opens(buyer, page)
    assert report.mended == 1
    assert Difference.objects.get().ending == Difference.Ending.MENDED
    assert reconciliation.sweep_all(now=clock.now()).mended == 0
    assert_bought_once(order)


def test_what_is_charged_is_what_was_shown_though_the_price_changes_meanwhile(shop, buyer):
    price = course_price(course(), amount=9900)
    order = shop.begin(buyer, price)
    offers.set_price(offer=price.offer, currency="CNY", amount=19900, now=site_clock.now())
    shop.pay(order)
    shop.deliver()
    order.refresh_from_db()
    assert_bought_once(order)
    entry = MoneyEntry.objects.get(order=order)
    assert (entry.amount, entry.currency) == (9900, "CNY")
    assert entry.settled_net == entry.settled_amount - entry.settled_fee


def test_a_price_that_was_replaced_is_refused_before_anything_begins(shop, buyer):
    price = course_price(course())
    offers.set_price(offer=price.offer, currency="CNY", amount=19900, now=site_clock.now())
    price.refresh_from_db()
    with pytest.raises(checkout.PriceChanged):
        shop.begin(buyer, price)


def test_another_amount_than_shown_is_parked_and_written_down(shop, buyer):
    page = course(lessons=1)
    order = shop.begin(buyer, course_price(page))
    Order.objects.filter(pk=order.pk).update(amount=1)
    shop.pay(order)
    shop.deliver()
    order.refresh_from_db()
    assert order.status == Order.Status.PARKED
    assert not opens(buyer, page)
    assert Difference.objects.get(object_id=str(order.key), ended_at=None).what == "amount"
    assert MoneyEntry.objects.filter(order=order).count() == 1


def test_a_declined_card_charges_nothing_and_another_one_may_be_tried(shop, buyer):
    page = course(lessons=1)
    order = shop.begin(buyer, course_price(page))
    assert shop.pay(order, DECLINED).kind == "declined"
    shop.deliver()
    order.refresh_from_db()
    assert order.status == Order.Status.OPEN
    assert not MoneyEntry.objects.exists()
    assert shop.pay(order).kind == "complete"
    shop.deliver()
    order.refresh_from_db()
    assert_bought_once(order)


def test_two_tabs_share_one_order_and_one_page(shop, buyer):
    price = course_price(course())
    first = checkout.start(buyer=buyer, price=price, now=site_clock.now())
    second = checkout.start(buyer=buyer, price=price, now=site_clock.now())
    assert (first.order.pk, first.url) == (second.order.pk, second.url)


def test_the_second_tab_learns_that_the_first_one_paid(shop, buyer):
    price = course_price(course())
    order = shop.begin(buyer, price)
    shop.pay(order)
    with pytest.raises(checkout.AlreadyPaid) as paid:
        shop.begin(buyer, price)
    assert paid.value.order == order
    order.refresh_from_db()
    assert_bought_once(order)
    with pytest.raises(checkout.AlreadyOwned):
        shop.begin(buyer, price)


def test_a_new_price_closes_the_page_of_the_old_one(shop, buyer):
    price = course_price(course())
    old = shop.begin(buyer, price)
    new = offers.set_price(offer=price.offer, currency="CNY", amount=100, now=site_clock.now())
    shop.begin(buyer, new)
    with pytest.raises(completing.SessionClosedError):
        shop.pay(old)
    old.refresh_from_db()
    assert old.status == Order.Status.EXPIRED


def test_an_expired_page_is_followed_by_a_new_order(shop, buyer):
    price = course_price(course())
    old = shop.begin(buyer, price)
    shop.advance(hours=25)
    old.refresh_from_db()
    assert old.status == Order.Status.EXPIRED
    new = shop.begin(buyer, price)
    assert new.pk != old.pk
    shop.pay(new)
    shop.deliver()
    new.refresh_from_db()
    assert_bought_once(new)


def test_a_second_payment_that_stripe_takes_goes_back_and_is_told(shop, buyer):
    """Two pages were open all the same (two offers of one course, begun at the same moment)."""
    page = course(lessons=1)
    first = shop.begin(buyer, course_price(page))
    Order.objects.filter(pk=first.pk).update(status=Order.Status.EXPIRED)
    second = shop.begin(buyer, course_price(page, amount=8900))
    shop.pay(first)
    shop.pay(second)
    shop.deliver()
    first.refresh_from_db()
    second.refresh_from_db()
    assert_bought_once(first)
    assert second.status == Order.Status.REFUNDED
    assert opens(buyer, page)
    assert sum(MoneyEntry.objects.filter(order=second).values_list("amount", flat=True)) == 0
    assert OutboxMessage.objects.filter(key=f"bought-twice-{second.pk}").count() == 1


def test_a_wallet_may_pay_later_or_not_at_all(shop):
    page = course(lessons=1)
    price = course_price(page)
    patient, refused = shop.person(), shop.person()
    answers: list[tuple[User, completing.WalletAnswer]] = [
        (patient, "paid_later"),
        (refused, "refused_later"),
    ]
    for person, answer in answers:
        order = shop.begin(person, price)
        completing.pay_by_wallet(order.session_id, "alipay", answer, now=site_clock.now())
    shop.deliver()
    assert not opens(patient, page)
    shop.advance(hours=2)
    assert opens(patient, page)
    assert not opens(refused, page)
    assert patient.orders.get().status == Order.Status.FULFILLED
    assert refused.orders.get().status == Order.Status.FAILED


def test_a_term_opens_for_its_months_and_may_be_prolonged_at_its_end(shop, buyer, clock):
    membership = MembershipFactory()
    term = membership_prices(membership)["term"]
    order = shop.buy(buyer, term)
    assert (order.ends_at - order.starts_at).days in (365, 366)
    with pytest.raises(checkout.AlreadyOwned):
        shop.begin(buyer, term)
    shop.advance(days=350)
    second = shop.buy(buyer, term)
    assert second.status == Order.Status.FULFILLED
    assert second.starts_at == order.ends_at
    with pytest.raises(checkout.AlreadyOwned):
        shop.begin(buyer, term)  # it would be paid, and given back


def test_a_planned_course_is_not_for_sale_yet(shop, buyer):
    page = course(opens_on=site_clock.now().date() + timedelta(days=3))
    with pytest.raises(checkout.NotForSale):
        shop.begin(buyer, course_price(page))


def test_on_its_day_a_course_is_for_sale_from_the_sites_midnight(shop, buyer):
    page = course(opens_on=date(2026, 12, 2))
    price = course_price(page)
    before, after = (datetime(2026, 12, 1, hour, 30, tzinfo=UTC) for hour in (15, 16))
    with pytest.raises(checkout.NotForSale):
        checkout.start(buyer=buyer, price=price, now=before)
    assert checkout.start(buyer=buyer, price=price, now=after).url


def test_an_unpublished_course_is_not_for_sale(shop, buyer):
    page = course()
    price = course_price(page)
    page.unpublish()
    with pytest.raises(checkout.NotForSale):
        shop.begin(buyer, price)


def test_confirming_again_and_again_changes_nothing(shop, buyer):
    order = shop.buy(buyer, course_price(course()))
    for _ in range(3):
        fulfilment.confirm(order, now=site_clock.now())
    order.refresh_from_db()
    assert_bought_once(order)


def test_of_two_payments_the_later_one_counts_if_its_news_comes_first(shop, buyer, clock):
    page = course(lessons=1)
    first = shop.begin(buyer, course_price(page))
    Order.objects.filter(pk=first.pk).update(status=Order.Status.EXPIRED)
    second = shop.begin(buyer, course_price(page, amount=8900))
    shop.pay(first)
    clock.move(timedelta(seconds=5))
    shop.pay(second)
    for order in (second, first):
        order.refresh_from_db()
        fulfilment.confirm(order, now=site_clock.now())
    shop.run_jobs()
    shop.deliver()
    assert Order.objects.get(pk=second.pk).status == Order.Status.FULFILLED
    assert Order.objects.get(pk=first.pk).status == Order.Status.REFUNDED
    assert opens(buyer, page)


# --- what is begun beside it ---------------------------------------------------------------------


def session_of(order):
    order.refresh_from_db()
    return gateway.retrieve_session(str(order.session_id))


def test_a_page_that_stripe_has_closed_without_our_knowing_is_followed_by_another(shop, buyer):
    price = course_price(course())
    old = shop.begin(buyer, price)
    gateway.expire_session(str(session_of(old)["id"]))
    started = checkout.start(buyer=buyer, price=price, now=site_clock.now())
    assert started.order.pk != old.pk
    assert session_of(started.order)["status"] == "open"
    assert started.url


def test_other_things_and_other_people_keep_their_pages(shop, buyer):
    first, second = course_price(course()), course_price(course())
    mine, friends = shop.begin(buyer, first), shop.begin(UserFactory(), first)
    shop.begin(buyer, second)
    shop.begin(buyer, course_price(course()), PromotionFactory())
    new = offers.set_price(offer=second.offer, currency="CNY", amount=100, now=site_clock.now())
    shop.begin(buyer, new)  # closes the page of its old price, and no other
    assert session_of(mine)["status"] == session_of(friends)["status"] == "open"
    assert mine.status == friends.status == Order.Status.OPEN


def test_one_page_that_expires_closes_one_order(shop, buyer):
    first, second = (shop.begin(buyer, course_price(course())) for _ in range(2))
    gateway.expire_session(str(session_of(first)["id"]))
    shop.deliver()
    for order in (first, second):
        order.refresh_from_db()
    assert (first.status, second.status) == (Order.Status.EXPIRED, Order.Status.OPEN)


def test_an_order_closed_while_its_page_was_made_cannot_be_paid(shop, buyer, monkeypatch):
    made, price = gateway.create_session, course_price(course())

    def meanwhile(params, *, key):
        session = made(params, key=key)
        Order.objects.update(status=Order.Status.EXPIRED)
        return session

    monkeypatch.setattr(gateway, "create_session", meanwhile)
    other = OrderFactory(buyer=buyer, session_id="cs_other")
    with pytest.raises(checkout.StripeUnavailable):
        shop.begin(buyer, price)
    order = Order.objects.get(price=price)
    assert session_of(order)["status"] == "expired"
    other.refresh_from_db()
    assert other.session_id == "cs_other"


def test_stripes_page_knows_whom_it_is_for_and_how_it_can_be_paid(shop, buyer, settings):
    price = course_price(course())
    own = session_of(shop.begin(buyer, price))
    assert "purpose" not in own["metadata"]
    seats = for_others.Wish(key=uuid4(), seats=3)
    order = checkout.start(buyer=buyer, price=price, wish=seats, now=site_clock.now()).order
    told = session_of(order)["metadata"]
    assert (told["purpose"], told["quantity"]) == ("seats", "3")
    settings.STRIPE_PAYMENT_METHODS = ["card"]
    assert session_of(shop.begin(UserFactory(), price))["payment_method_types"] == ["card"]


def test_before_a_term_ends_a_mail_says_so_once_unless_something_follows(shop, buyer):
    term = membership_prices(MembershipFactory(name="全部课程"))["term"]
    order, told = shop.buy(buyer, term), OutboxMessage.objects.filter(key__startswith="term-ending")
    reminders.send_due(order.ends_at - timedelta(days=15))
    assert not told.exists()
    for days in (13, 12):
        reminders.send_due(order.ends_at - timedelta(days=days))
    assert "全部课程" in told.get().subject
    assert "不会扣款" in told.get().text
    other = shop.buy(UserFactory(), term)
    shop.advance(days=340)
    shop.buy(other.buyer, term)  # it follows
    reminders.send_due(other.ends_at - timedelta(days=13))
    assert not told.filter(user=other.buyer).exists()


def test_a_term_of_one_membership_does_not_wait_for_anothers_end(shop, buyer):
    first, second = (membership_prices(MembershipFactory())["term"] for _ in range(2))
    ends = shop.buy(buyer, first).ends_at
    order = shop.buy(buyer, second)
    assert order.starts_at < ends - timedelta(days=300)
