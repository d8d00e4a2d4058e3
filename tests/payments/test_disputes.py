"""A bank disputes a payment: access is withheld, finance has what speaks for it, and answers."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse

from accounts import roles
from accounts.models import OutboxMessage
from courses import access
from courses.models import Grant
from learning import progress
from operations import clock as site_clock
from payments import batches, checkout, for_others, redeeming, refund_requests, refunds
from payments.models import Dispute, MoneyEntry, RedeemCode
from payments.sandbox import disputes
from payments.sandbox.models import StripeObject
from tests.accounts.browser import text_of
from tests.factories import UserFactory, course
from tests.payments.factories import DisputeFactory, course_price, membership_prices
from tests.payments.staff import at_desk, csv_rows
from tests.payments.test_gifts import code_of, given
from tests.payments.test_pages import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def page():
    return course(title="一群人的生意", lessons=2)


@pytest.fixture
def disputed(shop, buyer, page):
    order = shop.buy(buyer, course_price(page))
    lesson = page.get_children().last().specific
    progress.mark(learner=buyer, lesson=lesson, done=True, now=site_clock.now())
    disputes.open_dispute(order.charge_id, site_clock.now())
    shop.deliver()
    return order


def charge_of(subscription):
    """Of its latest bill."""
    bill = subscription.invoices.first()
    found = StripeObject.objects.get(kind="charge", data__payment_intent=bill.payment_intent_id)
    return found.stripe_id


def detail(desk):
    return desk.get(reverse("money-disputes:inspect", args=[Dispute.objects.get().pk])).text


def test_finance_finds_what_speaks_for_the_payment(shop, buyer, page, disputed):
    desk = at_desk(roles.FINANCE)
    assert "待答复的争议" in desk.get("/admin/").text
    listing = desk.get(reverse("money-disputes:index"), {"to_answer": "true"}).text
    assert disputed.number in listing
    text = detail(desk)
    for words in (
        "等待我方答复",
        "答复期限",
        "暂停",
        "按所示价格下单",
        "开通：一群人的生意",
        "1 讲，其中学完 1 讲",
    ):
        assert words in text, words
    assert not access.to_course(buyer, page).has_grant
    order_page = desk.get(reverse("money-orders:inspect", args=[disputed.pk])).text
    assert "此人有一笔付款被争议" in order_page


def test_of_a_gift_it_says_who_claimed_it_when_and_what_they_studied(shop, buyer, page):
    gift = given(shop, buyer, course_price(page))
    desk = at_desk(roles.FINANCE)
    disputes.open_dispute(str(gift.order.charge_id), site_clock.now())
    shop.deliver()
    assert "0/1" in detail(desk)
    dispute = StripeObject.objects.get(kind="dispute")
    disputes.close_dispute(dispute.stripe_id, won=True, now=site_clock.now())
    shop.deliver()
    friend = UserFactory()
    redeeming.redeem(code=code_of(gift), learner=friend, now=site_clock.now())
    lesson = page.get_children().last().specific
    progress.mark(learner=friend, lesson=lesson, done=True, now=site_clock.now())
    text = detail(desk)
    for words in ("1/1", f"{friend.email} 领取", "1 讲，其中学完 1 讲"):
        assert words in text, words


def test_of_seats_it_says_who_uses_one(shop, buyer, page):
    price = course_price(page)
    wish = for_others.Wish(key=uuid.uuid4(), seats=3)
    order = checkout.start(buyer=buyer, price=price, wish=wish, now=site_clock.now()).order
    shop.pay(order)
    shop.deliver()
    colleague, row = UserFactory(), RedeemCode.objects.select_related("batch").earliest("serial")
    redeeming.redeem(code=batches.code_of(row), learner=colleague, now=site_clock.now())
    order.refresh_from_db()
    disputes.open_dispute(str(order.charge_id), site_clock.now())
    shop.deliver()
    text = detail(at_desk(roles.FINANCE))
    for words in ("1/3", f"{colleague.email} 领取", "没有学过"):
        assert words in text, words


def test_what_the_bank_decides_about_is_not_refunded_beside(shop, buyer, disputed):
    desk, address = at_desk(roles.FINANCE), reverse("money-orders:refund", args=[disputed.pk])
    detail_page = reverse("money-orders:inspect", args=[disputed.pk])
    assert address not in desk.get(detail_page).text
    assert (
        reverse("order_refund", args=[disputed.key])
        not in signed_in(buyer).get(reverse("order", args=[disputed.key])).text
    )
    with pytest.raises(refund_requests.Disputed):
        refund_requests.approve(
            order=disputed, reason="退", actor=UserFactory(), now=site_clock.now()
        )
    dispute = StripeObject.objects.get(kind="dispute")
    disputes.close_dispute(dispute.stripe_id, won=True, now=site_clock.now())
    shop.deliver()
    assert address in desk.get(detail_page).text


def test_a_request_made_before_the_dispute_is_refused_with_its_reason(shop, buyer, page):
    order = shop.buy(buyer, course_price(page))
    request = refund_requests.ask(order=order, learner=buyer, now=site_clock.now())
    disputes.open_dispute(str(order.charge_id), site_clock.now())
    shop.deliver()
    desk = at_desk(roles.FINANCE)
    sent = {"amount": "99", "reason": "退"}
    answer = desk.post(reverse("money-requests:approve", args=[request.pk]), sent, follow=True)
    assert "有争议" in text_of(answer)
    request.refresh_from_db()
    assert request.status == "asked"


def test_won_it_is_open_again_and_nobody_is_flagged(shop, buyer, page, disputed):
    dispute = StripeObject.objects.get(kind="dispute")
    disputes.close_dispute(dispute.stripe_id, won=True, now=site_clock.now())
    shop.deliver()
    desk = at_desk(roles.FINANCE)
    text = detail(desk)
    assert "胜诉" in text
    assert "答复期限" not in text
    assert access.to_course(buyer, page).has_grant
    assert "被争议" not in desk.get(reverse("money-orders:inspect", args=[disputed.pk])).text
    listing = desk.get(reverse("money-disputes:index"), {"to_answer": "true"}).text
    assert disputed.number not in listing


def test_of_a_membership_all_that_was_studied_counts(shop, buyer):
    order = shop.buy(buyer, membership_prices()["month"])
    disputes.open_dispute(charge_of(order.subscription), site_clock.now())
    shop.deliver()
    text = detail(at_desk(roles.FINANCE))
    assert order.number in text
    assert "没有学过" in text


def test_nobody_elses_page(disputed):
    assert at_desk(roles.EDITOR).get(reverse("money-disputes:index")).status_code in (302, 403)


def test_more_rows_ask_no_more(django_assert_max_num_queries):
    desk = at_desk(roles.FINANCE)
    for _ in range(12):
        DisputeFactory()
    with django_assert_max_num_queries(17):
        assert desk.get(reverse("money-disputes:index")).status_code == 200


def test_the_learner_is_told_why_the_course_is_closed(shop, buyer, page, disputed, client):
    client.force_login(buyer)
    lesson = page.get_children().last().specific.url
    address = reverse("order", args=[disputed.key])
    assert "银行正在核查这笔付款" in client.get(lesson).text
    assert address in client.get(lesson).text
    order_page = client.get(address).text
    assert "付款有争议" in order_page
    assert "银行正在核查这笔付款" in order_page
    assert "可学到" not in order_page
    assert "付款有争议" in client.get(reverse("orders")).text

    disputes.close_dispute(Dispute.objects.get().stripe_id, won=False, now=site_clock.now())
    shop.deliver()
    assert "已被银行退回" in client.get(address).text
    [row] = csv_rows(at_desk(roles.FINANCE), reverse("money-orders:index"))
    assert row["状态"] == "已被银行退回"
    assert "这笔付款已被银行退回" in client.get(lesson).text


def test_the_membership_page_says_that_the_bank_looks_into_its_payment(shop, buyer, client):
    order = shop.buy(buyer, membership_prices()["month"])
    client.force_login(buyer)
    assert "你是会员" in client.get(reverse("membership")).text
    disputes.open_dispute(charge_of(order.subscription), site_clock.now())
    shop.deliver()
    grant = Grant.objects.get(learner=buyer)
    changes = text_of(at_desk(roles.FINANCE).get(reverse("money-grants:inspect", args=[grant.pk])))
    assert "银行对这笔付款提出争议" in changes
    life = reverse("subscription", args=[order.subscription.pk])
    assert "银行正在核查 ¥39" in text_of(client.get(life))
    shown = client.get(reverse("membership")).text
    assert "银行正在核查这笔付款" in shown
    assert "你是会员" not in shown


def test_a_dispute_that_is_won_is_no_longer_told(shop, buyer, page, disputed, client):
    client.force_login(buyer)
    disputes.close_dispute(Dispute.objects.get().stripe_id, won=True, now=site_clock.now())
    shop.deliver()
    order_page = client.get(reverse("order", args=[disputed.key])).text
    assert "银行正在" not in order_page
    assert "已被银行退回" not in order_page
    assert "可学到" in order_page


def test_whoever_claimed_a_gift_is_told_that_its_payment_is_disputed(shop, buyer, page, client):
    gift = given(shop, buyer, course_price(page))
    friend = UserFactory()
    redeeming.redeem(code=code_of(gift), learner=friend, now=site_clock.now())
    disputes.open_dispute(str(gift.order.charge_id), site_clock.now())
    shop.deliver()
    client.force_login(friend)
    lesson = page.get_children().last().specific
    for address in (lesson.url, page.get_absolute_url()):
        assert "银行正在核查你这份礼物的付款" in client.get(address).text
    query = {"email": friend.email, "lesson": lesson.pk}
    answer = text_of(at_desk(roles.FINANCE).get(reverse("money-why:index"), query))
    assert f"银行正在处理《一群人的生意》的付款争议（订单 {gift.order.number}）" in answer
    assert "银行对这笔付款提出争议" in answer
    disputes.close_dispute(Dispute.objects.get().stripe_id, won=False, now=site_clock.now())
    shop.deliver()
    assert "你这份礼物的付款已被银行退回" in client.get(lesson.url).text


def test_finance_reads_the_banks_reason_in_words(shop, buyer, page, disputed):
    text = detail(at_desk(roles.FINANCE))
    assert "买家称不是本人付款" in text
    assert "fraudulent" not in text


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("lost", "银行退回了《一群人的生意》的付款"),
        ("under_review", "银行正在处理《一群人的生意》的付款争议"),
    ],
)
def test_finance_reads_that_a_dispute_closed_a_lesson(buyer, page, disputed, status, words):
    Dispute.objects.update(status=status)
    desk = at_desk(roles.FINANCE)
    text = detail(desk)
    assert "请据此在 Stripe 答复" not in text
    assert ("争议期间暂停" in text) == (status != "lost")
    lesson = page.get_children().last()
    query = {"email": buyer.email, "lesson": lesson.pk}
    answer = text_of(desk.get(reverse("money-why:index"), query))
    assert f"{words}（订单 {disputed.number}）" in answer
    assert f"订单 {disputed.number}" in answer


def test_of_a_later_bill_its_own_payment_speaks_and_no_other_orders_mails(shop, buyer, page):
    order = shop.buy(buyer, membership_prices()["month"])
    shop.buy(buyer, course_price(page))
    shop.advance(days=33)
    renewal = order.subscription.invoices.first()
    disputes.open_dispute(charge_of(order.subscription), site_clock.now())
    shop.deliver()
    desk = at_desk(roles.FINANCE)
    text = text_of(desk.get(reverse("money-disputes:inspect", args=[Dispute.objects.get().pk])))
    assert f"被争议的账单：¥39（{renewal.stripe_id}）" in text
    notice = OutboxMessage.objects.get(key__startswith="renewal-notice", user=buyer)
    assert notice.subject in text
    assert OutboxMessage.objects.get(key__startswith="order-paid").subject not in text
    told = text_of(desk.get(reverse("money-orders:inspect", args=[order.pk])))
    assert told.count("付款 ¥39。") == 2
    disputes.close_dispute(Dispute.objects.get().stripe_id, won=False, now=site_clock.now())
    shop.deliver()
    told = text_of(desk.get(reverse("money-orders:inspect", args=[order.pk])))
    assert "¥39 的争议败诉，款项已退回付款人" in told


def test_a_dispute_is_booked_on_the_day_its_money_is_taken(shop, buyer, page):
    order = shop.buy(buyer, course_price(page))
    opened = site_clock.now()
    disputes.open_dispute(order.charge_id, opened)
    # A bank may ask first, and take the money days later.
    row = StripeObject.objects.get(kind="dispute")
    [taken] = row.data["balance_transactions"]
    taken["created"] += 3 * 24 * 3600
    row.save()
    shop.deliver()
    entry = MoneyEntry.objects.get(kind=MoneyEntry.Kind.DISPUTE)
    assert entry.booked_at - timedelta(days=3) == Dispute.objects.get().created_at


def test_the_day_it_ended_stays_however_often_it_is_fetched(shop, disputed):
    case = Dispute.objects.get()
    assert case.ended_at is None
    disputes.close_dispute(case.stripe_id, won=True, now=site_clock.now())
    shop.deliver()
    ended = Dispute.objects.get().ended_at
    assert ended is not None
    refunds.refresh_dispute(case.stripe_id, now=ended + timedelta(days=9))
    case.refresh_from_db()
    assert case.fetched_at == ended + timedelta(days=9)
    assert case.ended_at == ended
