"""After paying: back from Stripe's page, one's orders, cancelling, asking for money back."""

import re
import uuid
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import OutboxMessage, User
from courses.memberships import sync_included
from courses.models import LessonPage
from learning import progress
from operations import clock as site_clock
from pages import dates
from payments import cancelling, checkout, fulfilment, gateway, refund_requests, story
from payments.checkout import Attribution
from payments.models import Order, RefundRequest, Subscription
from payments.sandbox import completing, faults
from tests.accounts.browser import text_of
from tests.factories import MembershipFactory, UserFactory, course, lesson
from tests.payments.conftest import DECLINED, FAILS_WHEN_CHARGED
from tests.payments.factories import (
    InvoiceFactory,
    OrderFactory,
    SubscriptionFactory,
    course_price,
    membership_prices,
)
from tests.payments.staff import csv_rows
from tests.payments.test_pages import day_from_now, signed_in
from tests.payments.test_subscriptions import break_card

pytestmark = pytest.mark.django_db

OPEN_BILL = "https://stripe.test/open"


def come_back(client: Client, order: Order, **more: str):
    order.refresh_from_db()
    query = {"order": order.key.hex, "session": str(order.session_id)} | more
    return client.get(reverse("payments_return"), query)


def main_link(page) -> str:
    found = re.search(r'class="button button-primary[^"]*" href="([^"]+)"', page.text)
    assert found, "no button"
    return found[1]


@pytest.fixture
def me(buyer: User) -> Client:
    return signed_in(buyer)


# --- back from Stripe's page ---------------------------------------------------------------------


@pytest.mark.parametrize("heard_before", [False, True])
def test_after_paying_one_button_begins_the_first_lesson(shop, buyer, me, heard_before):
    page = course(lessons=0)
    for slug, kind in (("00", LessonPage.Kind.PREFACE), ("01", "regular"), ("02", "regular")):
        lesson(page, slug=slug, kind=kind, free_preview=slug == "00")
    if heard_before:
        preface = LessonPage.objects.get(slug="00")
        progress.mark(learner=buyer, lesson=preface, done=True, now=site_clock.now())
    order = shop.begin(buyer, course_price(page))
    shop.pay(order)
    back = come_back(me, order)
    assert "开始第 1 讲" in text_of(back)
    assert main_link(back) == reverse("lesson", args=[page.slug, "01"])
    assert me.get(main_link(back)).status_code == 200
    assert 'http-equiv="refresh"' not in back.text
    assert 'class="cover"' in back.text
    assert main_link(me.get(page.get_absolute_url())) == main_link(back)
    assert f'"going-on-title"><a href="{main_link(back)}"' in me.get("/study/").text


def test_a_learner_who_had_begun_goes_on_where_they_were(shop, buyer, me):
    page = course(lessons=3, free=1)
    first = LessonPage.objects.child_of(page).first()
    progress.mark(learner=buyer, lesson=first, done=True, now=site_clock.now())
    order = shop.begin(buyer, course_price(page))
    shop.pay(order)
    assert main_link(come_back(me, order)) == reverse("lesson", args=[page.slug, "01"])


def test_a_membership_bought_from_a_lesson_leads_back_to_its_course(shop, buyer, me):
    page = course(lessons=2, free=0)
    price = membership_prices()["year"]
    page.memberships.add(price.offer.membership)
    page.save_revision().publish()
    lesson = page.get_children().first()
    order = checkout.start(
        buyer=buyer,
        price=price,
        attribution=Attribution(page_id=lesson.pk),
        now=site_clock.now(),
    ).order
    shop.pay(order)
    back = come_back(me, order)
    assert main_link(back) == reverse("lesson", args=[page.slug, "00"])
    assert "试用已开始" in back.text


def test_until_the_money_arrives_the_page_says_so_and_looks_again(shop, buyer, me):
    order = shop.begin(buyer, course_price(course(lessons=1)))
    back = come_back(me, order)
    assert "不用再付一次" in back.text
    [again] = re.findall(r'http-equiv="refresh" content="3;url=([^"]+)"', back.text)
    again = again.replace("&amp;", "&")
    assert again in back.text.replace("&amp;", "&").split("<body")[1]  # a link too
    shop.pay(order)
    assert "开始" in text_of(me.get(again))


def test_the_page_stops_looking_by_itself_after_a_while(shop, buyer, me):
    order = shop.begin(buyer, course_price(course()))
    for look in ("20", "999", "99999", "x", "-1"):
        back = come_back(me, order, look=look)
        assert back.status_code == 200
        looks_again = 'http-equiv="refresh"' in back.text
        assert looks_again == (look in ("x", "-1", "99999"))


def test_with_stripe_away_the_page_waits(shop, buyer, me):
    order = shop.begin(buyer, course_price(course()))
    shop.pay(order)
    faults.plan("no_connection", times=100)
    assert "不用再付一次" in come_back(me, order).text
    faults.clear()
    assert "已付 ¥99" in text_of(come_back(me, order))


def test_a_declined_card_says_that_nothing_was_charged(buyer, me):
    order = OrderFactory(buyer=buyer, price=course_price(course()), status="failed")
    back = come_back(me, order)
    assert "银行没有通过，未扣款。可以换一张卡，或买一年会员。" in text_of(back)
    assert main_link(back) == reverse("payments_buy", args=[order.price.offer.key])


def test_a_declined_card_on_stripes_page_leaves_the_order_open(shop, buyer, me):
    order = shop.begin(buyer, course_price(course()))
    shop.pay(order, DECLINED)
    assert "不用再付一次" in come_back(me, order).text
    assert Order.objects.get().status == Order.Status.OPEN


def test_a_payment_page_that_has_closed_can_be_opened_again(buyer, me):
    order = OrderFactory(buyer=buyer, price=course_price(course()), status="expired")
    assert "重新开始" in text_of(come_back(me, order))


def test_a_payment_that_a_person_must_look_at_says_so(shop, buyer, me):
    order = OrderFactory(buyer=buyer, price=course_price(course()), fulfilled=True)
    Order.objects.filter(pk=order.pk).update(status="parked", note="charged is not shown")
    back = text_of(come_back(me, order))
    assert "需要人工查看" in back
    assert order.number in back


def test_what_was_bought_twice_goes_back_by_itself_and_the_page_says_so(shop, buyer, me):
    price = course_price(course())
    first = shop.begin(buyer, price)
    Order.objects.filter(pk=first.pk).update(status=Order.Status.EXPIRED)  # its tab is still open
    second = shop.begin(buyer, price)
    for order in (first, second):
        shop.pay(order)
    shop.deliver()
    page = text_of(come_back(me, second))
    assert "买了两次" in page
    assert "¥99 会自动退回" in page
    assert "人工" not in page


def test_a_second_subscription_goes_back_by_itself_and_the_page_says_so(shop, buyer, me, library):
    first = shop.begin(buyer, library["month"])
    Order.objects.filter(pk=first.pk).update(status=Order.Status.EXPIRED)  # its tab is still open
    second = shop.begin(buyer, library["year"])
    for order in (first, second):
        shop.pay(order)
        shop.deliver()
    assert "¥365 会自动退回" in text_of(come_back(me, second))


def test_going_back_from_stripe_leads_to_the_page_left(shop, buyer, me):
    page = course(lessons=1)
    order = checkout.start(
        buyer=buyer,
        price=course_price(page),
        attribution=Attribution(page_id=page.get_parent().pk),
        now=site_clock.now(),
    ).order
    answer = me.get(reverse("payments_cancelled"), {"order": order.key.hex})
    assert answer["Location"].endswith("/courses/")
    assert "没有付款" in me.get(answer["Location"]).text
    plain = OrderFactory(buyer=buyer, price=course_price(page))
    answer = me.get(reverse("payments_cancelled"), {"order": plain.key.hex})
    assert answer["Location"] == page.get_absolute_url()


@pytest.mark.parametrize("name", ["payments_return", "payments_cancelled"])
def test_orders_of_others_and_nonsense_are_not_found(shop, name, me):
    foreign = shop.begin(UserFactory(), course_price(course()))
    foreign.refresh_from_db()
    for query in (
        {},
        {"order": ""},
        {"order": "x"},
        {"order": str(uuid.uuid4())},
        {"order": foreign.key.hex},
        {"session": foreign.session_id},
        {"session_id": "cs_unknown"},
        {"order": foreign.key.hex, "session": foreign.session_id},
    ):
        assert me.get(reverse(name), query).status_code == 404, query


def test_the_session_alone_names_the_order_and_must_fit_its_key(shop, buyer, me):
    order = shop.begin(buyer, course_price(course()))
    order.refresh_from_db()
    address = reverse("payments_return")
    assert me.get(address, {"session_id": order.session_id}).status_code == 200
    assert me.get(address, {"order": order.key.hex, "session": "cs_other"}).status_code == 404


# --- orders --------------------------------------------------------------------------------------


def orders_page(client: Client) -> str:
    return text_of(client.get(reverse("orders")))


def test_without_orders_the_page_says_what_to_do_next(me):
    page = me.get(reverse("orders"))
    assert "还没有买过课。发刊词可以免费听。" in page.text


def test_what_is_not_paid_yet_stands_among_the_orders_with_a_way_on(shop, buyer, me):
    order = shop.begin(buyer, course_price(course(title="一群人")))
    shown = me.get(reverse("orders"))
    assert reverse("order", args=[order.key]) in shown.text
    assert text_of(shown).count("待付款") == 1  # the heading says it
    page = me.get(reverse("order", args=[order.key]))
    assert "银行还在确认" in text_of(page)
    assert reverse("payments_buy", args=[order.price.offer.key]) in page.text
    Order.objects.update(status=Order.Status.EXPIRED)
    assert reverse("order", args=[order.key]) not in me.get(reverse("orders")).text
    page = me.get(reverse("order", args=[order.key]))
    assert "已经过期。没有扣款" in text_of(page)
    assert "银行还在确认" not in text_of(page)
    assert reverse("payments_buy", args=[order.price.offer.key]) in page.text


def test_an_order_has_all_that_an_accountant_wants(shop, buyer, me):
    order = shop.buy(buyer, course_price(course(title="慢慢变强"), amount=7950))
    listing = me.get(reverse("orders"))
    assert reverse("order", args=[order.key]) in listing.text
    page = text_of(me.get(reverse("order", args=[order.key])))
    for words in (order.number, "慢慢变强", "¥79.50", "税额 无", "永久", buyer.email, "申请退款"):
        assert words in page


def test_a_receipt_leads_to_stripes_page_of_it(shop, buyer, me):
    order = shop.buy(buyer, course_price(course()))
    answer = me.get(reverse("order_receipt", args=[order.key]))
    assert answer.status_code == 302
    assert answer["Location"].startswith("http")
    faults.plan("no_connection", times=100)
    answer = me.get(reverse("order_receipt", args=[order.key]), follow=True)
    faults.clear()
    assert "收据暂时取不到" in answer.text


def test_a_bill_is_called_a_receipt_once_it_is_paid(shop, buyer, me):
    order = shop.buy(buyer, membership_prices()["month"])
    at, bill = site_clock.now(), {"hosted_invoice_url": OPEN_BILL}
    InvoiceFactory(subscription=order.subscription, status="open", object=bill, created_at=at)
    for address in (reverse("orders"), reverse("order", args=[order.key])):
        page = me.get(address).text
        assert re.search(rf'href="{OPEN_BILL}"[^>]*>账单<', page), address
        assert re.search(r'/sandbox/invoice/[^"]*"[^>]*>收据<', page), address


def test_what_others_bought_is_not_found(shop, me):
    other = UserFactory()
    order = shop.buy(other, membership_prices()["month"])
    for name in ("order", "order_receipt", "order_refund"):
        assert me.get(reverse(name, args=[order.key])).status_code == 404, name
    assert me.post(reverse("order_refund", args=[order.key])).status_code == 404
    for name in ("subscription_cancel", "subscription_resume", "subscription_card"):
        address = reverse(name, args=[order.subscription.pk])
        assert me.post(address).status_code == 404, name
    assert order.number not in orders_page(me)
    assert Subscription.objects.get().renews


def test_a_trial_says_when_it_ends_and_what_it_costs_then(shop, buyer, me):
    shop.buy(buyer, membership_prices()["year"])
    assert f"试用到 {day_from_now(days=7)}，届时扣款 ¥365。" in orders_page(me)


def test_cancelling_takes_two_taps_and_can_be_taken_back(shop, buyer, me):
    order = shop.buy(buyer, membership_prices()["month"])
    assert "将于" in orders_page(me)
    cancel = reverse("subscription_cancel", args=[order.subscription.pk])
    assert cancel in me.get(reverse("orders")).text
    last = dates.day(order.subscription.period_end - timedelta(seconds=1), now=site_clock.now())
    assert f"不会再扣款。可以照常学到 {last}，" in text_of(me.get(cancel))
    assert Subscription.objects.get().renews
    after = me.post(cancel, follow=True)
    assert "已取消。最后一天是" in text_of(after)
    assert not Subscription.objects.get().renews
    assert cancel not in after.text
    resume = reverse("subscription_resume", args=[order.subscription.pk])
    assert me.get(resume).status_code == 405
    assert "将于" in text_of(me.post(resume, follow=True))
    assert Subscription.objects.get().renews


def test_a_cancellation_is_confirmed_by_mail(shop, buyer, me):
    row = shop.buy(buyer, membership_prices()["month"]).subscription
    cancel, resume = (reverse(f"subscription_{it}", args=[row.pk]) for it in ("cancel", "resume"))
    for _ in range(2):
        me.post(cancel)
    mail = OutboxMessage.objects.get(user=buyer, key__startswith="cancelled-")
    with timezone.override(buyer.time_zone):
        last_day = dates.day(row.period_end - timedelta(seconds=1))
    assert f"最后一天是 {last_day}" in mail.text
    assert reverse("subscription", args=[row.pk]) in mail.text
    for _ in range(2):
        me.post(resume)
    mail = OutboxMessage.objects.get(user=buyer, key__startswith="resumed-")
    with timezone.override(buyer.time_zone):
        assert f"将于 {dates.day(row.period_end)}续费 ¥39。" in mail.text
    assert reverse("subscription", args=[row.pk]) in mail.text
    shop.advance(days=1)
    me.post(cancel)
    assert OutboxMessage.objects.filter(user=buyer, key__startswith="cancelled-").count() == 2


def test_who_cancels_on_stripes_page_has_the_mail_too(shop, buyer, me):
    row = shop.buy(buyer, membership_prices()["month"]).subscription
    gateway.update_subscription(row.stripe_id, {"cancel_at_period_end": True})
    shop.deliver()
    assert "已取消" in text_of(me.get(reverse("subscription", args=[row.pk])))
    assert OutboxMessage.objects.get(user=buyer, key__startswith="cancelled-")
    gateway.update_subscription(row.stripe_id, {"cancel_at_period_end": False})
    shop.deliver()
    assert OutboxMessage.objects.get(user=buyer, key__startswith="resumed-")


def test_cancelling_with_stripe_away_is_looked_into(shop, buyer, me):
    order = shop.buy(buyer, membership_prices()["month"])
    faults.plan("no_connection", times=100)
    answer = me.post(reverse("subscription_cancel", args=[order.subscription.pk]), follow=True)
    faults.clear()
    assert "还不知道办成了没有" in answer.text
    assert Subscription.objects.get().renews


def test_the_card_is_changed_on_stripes_own_page(shop, buyer, me):
    order = shop.buy(buyer, membership_prices()["month"])
    address = reverse("subscription_card", args=[order.subscription.pk])
    answer = me.post(address)
    assert answer.status_code == 303
    assert "/sandbox/" in answer["Location"]
    assert "/sandbox/portal/" in me.get(address)["Location"]  # from a letter or a notice


def test_a_failed_renewal_names_the_day_the_grace_and_what_to_do(shop, buyer, me):
    row = shop.buy(buyer, membership_prices()["month"]).subscription
    break_card(row)
    shop.advance(days=32)
    page = orders_page(me)
    assert re.search(
        r"\d+ 月 \d+ 日续费未成功。到 \d+ 月 \d+ 日为止照常学习，请更新付款方式。", page
    )
    assert "更换银行卡" in page


def test_the_first_payment_after_a_trial_is_no_renewal(shop, buyer, me):
    order = shop.begin(buyer, membership_prices()["year"])
    shop.pay(order, FAILS_WHEN_CHARGED)
    shop.deliver()
    shop.advance(days=8)
    page = orders_page(me)
    assert re.search(
        r"试用结束后，\d+ 月 \d+ 日的首次付款未成功。到 \d+ 月 \d+ 日为止照常学习，", page
    )
    row = Subscription.objects.get()
    mail = OutboxMessage.objects.filter(user=buyer, key__startswith="payment-failed-").first()
    assert mail is not None
    assert "首次付款未成功" in mail.subject
    assert "首次付款时银行没有通过 ¥365" in mail.text
    cancel = me.get(reverse("subscription_cancel", args=[row.pk]))
    for words in (page, mail.subject, mail.text, text_of(cancel)):
        assert "续费未成功" not in words
        assert "续费没有" not in words


def test_a_subscription_that_has_ended_says_when(shop, buyer, me):
    order = shop.buy(buyer, membership_prices()["month"])
    me.post(reverse("subscription_cancel", args=[order.subscription.pk]))
    shop.advance(days=40)
    page = orders_page(me)
    assert "到期。学习记录都还在。" in page
    assert "取消续费" not in page


# --- asking for money back -----------------------------------------------------------------------


def test_in_english_no_title_shows_the_marks_of_its_language(shop, buyer, me, library):
    User.objects.filter(pk=buyer.pk).update(language="en")
    membership = shop.buy(buyer, library["month"])
    page = course(title="慢慢变强")
    offer = course_price(page).offer
    bought = shop.buy(buyer, offer.prices.get())
    addresses = [
        *(reverse(name) for name in ("orders", "membership", "redeem")),
        *(reverse(name, args=[offer.key]) for name in ("payments_buy", "give", "buy_seats")),
        *(reverse(name, args=[bought.key]) for name in ("order", "order_refund", "fapiao")),
        *(
            reverse(f"subscription{name}", args=[membership.subscription.pk])
            for name in ("", "_cancel", "_pause", "_switch")
        ),
        f"{reverse('payments_return')}?order={bought.key.hex}",
        page.get_absolute_url(),
    ]
    for address in addresses:
        answer = me.get(address)
        title = re.search("<title>(.*?)</title>", answer.text, re.S)
        assert answer.status_code == 200, address
        assert title, address
        assert "<" not in unescape(unescape(title[1])), address


def test_a_refund_is_asked_for_once_with_or_without_a_reason(shop, buyer, me):
    order = shop.buy(buyer, course_price(course()))
    address = reverse("order_refund", args=[order.key])
    assert "¥99" in me.get(address).text
    for _ in range(2):
        assert me.post(address, {"note": ""}).status_code == 302
    request = RefundRequest.objects.get()
    assert (request.asked_by, request.status) == (buyer, RefundRequest.Status.ASKED)
    page = me.get(reverse("order", args=[order.key]))
    assert "已申请退款，会用邮件答复" in page.text
    assert address not in page.text


def test_a_refund_that_nobody_decided_about_is_withdrawn_and_may_be_asked_for_again(
    shop, buyer, me, client
):
    order = shop.buy(buyer, course_price(course()))
    ask, page = reverse("order_refund", args=[order.key]), reverse("order", args=[order.key])
    me.post(ask, {"note": "误购"})
    wish = RefundRequest.objects.get()
    withdraw = reverse("refund_withdraw", args=[wish.key])
    assert withdraw in me.get(page).text
    client.force_login(UserFactory())
    assert client.post(withdraw).status_code == 404
    told = me.post(withdraw, follow=True).text
    assert "不会退款，已购内容照常开放。" in told
    assert "已撤回退款申请" in told
    assert withdraw not in told
    assert f"{buyer.email}" in told
    assert "已经有了决定" in me.post(withdraw, follow=True).text
    me.post(ask, {"note": ""})
    again = RefundRequest.objects.get(status="asked")
    refund_requests.decline(request=again, reason="不退", actor=UserFactory(), now=site_clock.now())
    assert "已经有了决定" in me.post(reverse("refund_withdraw", args=[again.key]), follow=True).text
    wish.refresh_from_db()
    assert (wish.status, wish.decided_at) == ("withdrawn", None)
    assert any("不再要求退款" in each.sentence for each in story.of(order))


def test_a_reason_that_is_too_long_stays_with_a_word_beside_it(shop, buyer, me):
    order = shop.buy(buyer, course_price(course()))
    words = "长" * 501
    answer = me.post(reverse("order_refund", args=[order.key]), {"note": words})
    assert answer.status_code == 200
    assert words in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert not RefundRequest.objects.exists()


def test_a_refund_of_a_subscription_is_about_its_last_payment(shop, buyer, me):
    order = shop.buy(buyer, membership_prices()["month"])
    me.post(reverse("order_refund", args=[order.key]), {"note": "误购"})
    request = RefundRequest.objects.get()
    assert request.invoice == order.subscription.invoices.get()


def test_a_trial_has_nothing_to_give_back(shop, buyer, me):
    order = shop.buy(buyer, membership_prices()["year"])
    assert me.get(reverse("order_refund", args=[order.key])).status_code == 302
    me.post(reverse("order_refund", args=[order.key]))
    assert not RefundRequest.objects.exists()


def test_what_finance_gives_back_unasked_is_no_wish_of_the_buyer(shop, buyer, me):
    order = shop.buy(buyer, course_price(course()))
    refund_requests.approve(
        order=order, amount=2000, reason="少了一讲", actor=UserFactory(), now=site_clock.now()
    )
    address = reverse("order", args=[order.key])
    on_its_way = text_of(me.get(address))
    assert "退款 退款处理中" in on_its_way
    assert "退款申请" not in on_its_way
    shop.deliver()
    page = text_of(me.get(address))
    assert "退款 ¥20" in page
    assert "退款申请" not in page
    listed = text_of(me.get(reverse("orders")))
    assert "部分退款" in listed
    assert "已退款" not in listed


def test_a_wish_that_was_granted_in_part_names_the_amount(shop, buyer, me):
    order = shop.buy(buyer, course_price(course()))
    refund_requests.ask(order=order, learner=buyer, now=site_clock.now())
    give_back = {"order": order, "actor": UserFactory(), "now": site_clock.now()}
    refund_requests.approve(amount=2000, reason="少了一讲", **give_back)
    shop.deliver()
    assert "退款申请 已部分退款 ¥20" in text_of(me.get(reverse("order", args=[order.key])))
    refund_requests.approve(reason="其余的也退", **give_back)
    shop.deliver()
    page = text_of(me.get(reverse("order", args=[order.key])))
    assert "退款申请 已退款" in page
    assert "部分退款" not in page


def test_a_declined_wish_shows_its_reason_and_may_be_repeated(shop, buyer, me):
    order = shop.buy(buyer, course_price(course()))
    asked = refund_requests.ask(order=order, learner=buyer, now=site_clock.now())
    refund_requests.decline(
        request=asked, reason="已经听完六讲", actor=UserFactory(), now=site_clock.now()
    )
    page = me.get(reverse("order", args=[order.key])).text
    assert "已经听完六讲" in page
    assert reverse("order_refund", args=[order.key]) in page


def test_more_orders_cost_no_more_queries(buyer, me):
    def bought() -> None:
        order = OrderFactory(buyer=buyer, fulfilled=True, price=course_price(course()))
        order.refund_requests.create(asked_by=buyer, created_at=site_clock.now())
        subscription = SubscriptionFactory(learner=buyer, period_end=None, status="canceled")
        InvoiceFactory(subscription=subscription)
        OrderFactory(
            buyer=buyer, fulfilled=True, price__offer=subscription.offer, subscription=subscription
        )

    bought()
    me.get(reverse("orders"))
    with CaptureQueriesContext(connection) as few:
        me.get(reverse("orders"))
    for _ in range(5):
        bought()
    with CaptureQueriesContext(connection) as many:
        me.get(reverse("orders"))
    assert len(many) == len(few)


def test_pages_of_money_are_kept_by_no_cache(shop, buyer, me):
    order = shop.buy(buyer, course_price(course()))
    for address in (reverse("orders"), reverse("order", args=[order.key])):
        assert "no-store" in me.get(address)["Cache-Control"]


# --- the study page says how the membership stands ------------------------------------------------


def test_study_tells_of_a_membership_that_ended_for_a_month(shop, buyer, me):
    assert "会员" not in text_of(me.get("/study/")).replace("会员可听", "")
    order = shop.buy(buyer, membership_prices()["month"])
    cancelling.cancel(order.subscription, now=site_clock.now())
    assert "到期" not in text_of(me.get("/study/"))
    shop.advance(days=32)
    page = me.get("/study/")
    assert "到期。学习记录都还在" in text_of(page)
    assert 'href="/membership/"' in page.text.split("callout", 1)[1].split("</div></div>")[0]
    shop.advance(days=31)
    assert "到期" not in text_of(me.get("/study/"))


def test_pages_tell_of_a_renewal_that_failed_and_where_to_mend_it(shop, buyer, me):
    prices = membership_prices()
    row = shop.buy(buyer, prices["month"]).subscription
    break_card(row)
    shop.advance(days=33)
    for address in ("/study/", "/"):
        shown = me.get(address)
        assert "续费未成功" in text_of(shown), address
        notice = shown.text.split("callout", 1)[1].split("</div></div>")[0]
        assert reverse("subscription_pay", args=[row.pk]) in notice
    assert "续费未成功" not in text_of(Client().get("/"))
    membership = me.get(reverse("membership"))
    assert "续费未成功" in text_of(membership)
    assert "你是会员" not in text_of(membership)
    assert reverse("subscription_pay", args=[row.pk]) in membership.text


def test_a_trial_is_listed_as_costing_nothing_yet(shop, buyer, me):
    order = shop.buy(buyer, membership_prices()["year"])
    listed = text_of(me.get("/account/orders/")).split("已购")[1]
    assert "¥0" in listed.split("账单")[0]
    assert "¥0 · 试用后 ¥365" in text_of(me.get(reverse("order", args=[order.key])))
    order.refresh_from_db()
    back = text_of(come_back(me, order))
    assert "今天未扣款" in back
    assert "日扣 ¥365" in back


def test_a_member_may_buy_a_course_to_keep_it(shop, buyer, me):
    membership = MembershipFactory()
    page = course(lessons=1)
    page.memberships.add(membership)
    page.save()
    sync_included(page, now=site_clock.now())
    price = course_price(page)
    shop.buy(buyer, membership_prices(membership)["month"])
    assert "单独买下 ¥99" in text_of(me.get(page.get_absolute_url()))
    shop.buy(buyer, price)
    assert "单独买下" not in text_of(me.get(page.get_absolute_url()))


def test_a_bill_that_was_given_back_says_so_and_the_order_keeps_its_own_state(shop, buyer, me):
    order = shop.buy(buyer, membership_prices()["year"])  # with a trial
    shop.advance(days=8)
    bill = order.subscription.invoices.get(status="paid", amount_paid__gt=0)
    for part, words in ((10_000, "部分退款"), (bill.amount_paid - 10_000, "已退款")):
        gateway.create_refund(
            {"payment_intent": bill.payment_intent_id, "amount": part}, key=f"part-{part}"
        )
        shop.deliver()
        listed = text_of(me.get(reverse("orders")))
        assert listed.count(words) == 1
        assert "从试用开始" in listed
        page = text_of(me.get(reverse("order", args=[order.key])))
        assert f"¥365 · {words}" in page
        assert "从试用开始" in page


def test_an_order_of_which_a_part_went_back_says_so(shop, buyer, me):
    order = shop.buy(buyer, course_price(course()))
    payment = {"payment_intent": order.payment_intent_id}
    gateway.create_refund({**payment, "amount": 1000}, key="a part")
    shop.deliver()
    assert "部分退款" in text_of(me.get(reverse("orders")))
    assert "部分退款" in text_of(me.get(reverse("order", args=[order.key])))
    gateway.create_refund(payment, key="the rest")
    shop.deliver()
    assert "部分退款" not in text_of(me.get(reverse("orders")))


def test_an_order_says_how_it_was_paid_to_its_buyer_and_to_finance(shop, buyer, me, library, desk):
    card = shop.buy(buyer, course_price(course()))
    renewing = shop.buy(buyer, library["month"])
    paid = {card: "银行卡 Visa 4242", renewing: "银行卡 Visa 4242"}
    for wallet, name in (("alipay", "支付宝"), ("wechat_pay", "微信支付")):
        order = shop.begin(buyer, course_price(course()))
        completing.pay_by_wallet(str(order.session_id), wallet, "paid", now=site_clock.now())
        shop.deliver()
        paid[order] = name
    rows = {row["编号"]: row["付款方式"] for row in csv_rows(desk, reverse("money-orders:index"))}
    assert rows == {order.number: name for order, name in paid.items()}
    for order, name in paid.items():
        assert f"付款方式 {name}" in text_of(me.get(reverse("order", args=[order.key])))
        at_finance = desk.get(reverse("money-orders:inspect", args=[order.pk]))
        assert f"付款方式 {name}" in text_of(at_finance)


def test_an_order_of_which_nothing_is_known_says_no_way_of_paying(buyer, me):
    order = OrderFactory(buyer=buyer, fulfilled=True, price=course_price(course()))
    assert "付款方式" not in text_of(me.get(reverse("order", args=[order.key])))


def test_a_wallets_payment_on_its_way_is_said_to_wait_for_its_confirmation(shop, buyer, me, desk):
    order = shop.begin(buyer, course_price(course()))
    address = reverse("order", args=[order.key])
    assert "等待确认" not in text_of(me.get(address))
    completing.pay_by_wallet(str(order.session_id), "alipay", "paid_later", now=site_clock.now())
    shop.deliver()
    shown = text_of(me.get(address))
    assert "付款正在等待确认" in shown
    assert f"payments/buy/{order.price.offer.key}" not in me.get(address).text
    assert "等待确认" in text_of(me.get(reverse("orders")))
    at_finance = reverse("money-orders:inspect", args=[order.pk])
    assert "等待确认" in text_of(desk.get(at_finance))
    shop.advance(hours=2)
    for page in (me.get(address), me.get(reverse("orders")), desk.get(at_finance)):
        assert "等待确认" not in text_of(page)


def test_a_wallets_payment_that_was_refused_in_the_end_is_told_and_can_be_paid_again(
    shop, buyer, me
):
    order = shop.begin(buyer, course_price(course()))
    completing.pay_by_wallet(
        str(order.session_id), "wechat_pay", "refused_later", now=site_clock.now()
    )
    shop.deliver()
    shop.advance(hours=2)
    for _ in range(2):
        fulfilment.confirm(order, now=site_clock.now())
    address = reverse("order", args=[order.key])
    told = OutboxMessage.objects.get(key__startswith=f"order-refused-{order.pk}-")
    assert "没有扣款" in told.subject + told.text
    assert address in told.text
    assert told in story.mails_of(order)
    shown = me.get(address)
    assert "没有扣款" in text_of(shown)
    assert "再付一次" in text_of(shown)
    assert reverse("payments_buy", args=[order.price.offer.key]) in shown.text
