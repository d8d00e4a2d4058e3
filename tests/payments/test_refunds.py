"""Money given back: exactly its source closes, once, whoever began it."""

from functools import partial

import pytest
from django.db import transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from accounts import privacy, roles
from accounts.models import OutboxMessage
from courses import access
from courses.models import Grant
from operations import clock as site_clock
from pages import dates
from payments import fapiao, gateway, refund_requests, refunds, story
from payments.models import (
    Dispute,
    MoneyEntry,
    Order,
    Refund,
    RefundRequest,
    Subscription,
)
from payments.sandbox import disputes, faults
from payments.sandbox import refunds as sandbox_refunds
from payments.sandbox.models import StripeObject
from tests.accounts.browser import text_of
from tests.factories import UserFactory, course
from tests.payments.factories import course_price, membership_prices
from tests.payments.staff import at_desk

pytestmark = pytest.mark.django_db


@pytest.fixture
def page(db):
    return course(lessons=2)


@pytest.fixture
def finance(shop):
    return shop.person()


@pytest.fixture
def order(shop, buyer, page):
    return shop.buy(buyer, course_price(page))


def opens(person, page):
    return access.to_course(person, page).has_grant


def approve(order, finance, **more):
    return refund_requests.approve(
        order=order, reason="on request", actor=finance, now=site_clock.now(), **more
    )


def paid_lesson_seen_by(person, page):
    client = Client()
    client.force_login(person)
    lesson = page.get_children().last()
    return client.get(f"/courses/{page.slug}/{lesson.slug}/").content.decode()


def at_stripe(order, **params):
    """Somebody gives it back in Stripe's own dashboard."""
    return gateway.create_refund(
        {"payment_intent": order.payment_intent_id, **params}, key=f"dashboard-{order.pk}"
    )


def reason_at_stripe():
    return StripeObject.objects.get(kind="refund").data["reason"]


def assert_every_job_ended_well():
    assert set(DBTaskResult.objects.values_list("status", flat=True)) == {"SUCCESSFUL"}


def assert_refunded_once(order):
    order.refresh_from_db()
    assert order.status == Order.Status.REFUNDED
    assert sum(MoneyEntry.objects.filter(order=order).values_list("amount", flat=True)) == 0
    assert MoneyEntry.objects.filter(order=order, kind="refund").count() == 1
    assert OutboxMessage.objects.filter(key__startswith="refunded-").count() == 1
    assert Grant.objects.get(source_id=order.source_id).withdrawn_at is not None


def test_a_refund_closes_what_was_bought_and_nothing_else(shop, buyer, page, order, finance):
    other = course(lessons=1)
    shop.buy(buyer, course_price(other))
    request = approve(order, finance)
    shop.run_jobs()
    shop.deliver()
    request.refresh_from_db()
    assert request.status == RefundRequest.Status.DONE
    assert not opens(buyer, page)
    assert opens(buyer, other)
    day = dates.day(site_clock.now(), now=site_clock.now())
    assert f"¥{order.amount // 100} 已于 {day}退回" in paid_lesson_seen_by(buyer, page)
    assert_refunded_once(order)
    assert reason_at_stripe() == "requested_by_customer"
    assert_every_job_ended_well()


def test_the_learner_asks_and_finance_decides(shop, buyer, order, finance):
    first = refund_requests.ask(order=order, learner=buyer, note="换了", now=site_clock.now())
    again = refund_requests.ask(order=order, learner=buyer, now=site_clock.now())
    assert first == again
    approved = approve(order, finance)
    assert (approved.pk, approved.asked_by, approved.decided_by) == (first.pk, buyer, finance)
    shop.run_jobs()
    assert_refunded_once(order)


def test_a_declined_request_says_why_and_keeps_what_was_bought(shop, buyer, page, order, finance):
    request = refund_requests.ask(order=order, learner=buyer, now=site_clock.now())
    refund_requests.decline(request=request, reason="已学完", actor=finance, now=site_clock.now())
    assert opens(buyer, page)
    assert "已学完" in OutboxMessage.objects.get(key__startswith="refund-declined").text
    with pytest.raises(refund_requests.CannotRefund):
        refund_requests.decline(request=request, reason="x", actor=finance, now=site_clock.now())


def test_approved_twice_it_is_refunded_once(shop, order, finance):
    assert approve(order, finance) == approve(order, finance)
    shop.run_jobs()
    assert_refunded_once(order)
    with pytest.raises(refund_requests.CannotRefund):
        approve(order, finance)


@pytest.mark.parametrize("fault", ["answer_lost", "timeout", "broken_answer", "rate_limit"])
def test_an_answer_that_does_not_arrive_refunds_once_all_the_same(
    shop, buyer, order, finance, fault
):
    faults.plan(fault, times=3, match="POST /v1/refunds")
    approve(order, finance)
    for _ in range(4):
        shop.run_jobs()
        DBTaskResult.objects.update(run_after=timezone.now())
    shop.deliver()
    assert StripeObject.objects.filter(kind="refund").count() == 1
    assert_refunded_once(order)


def test_a_refund_made_at_stripe_itself_closes_it_too(shop, buyer, page, order):
    at_stripe(order)
    shop.deliver()
    assert not opens(buyer, page)
    assert_refunded_once(order)


def test_what_finance_and_stripes_dashboard_both_refund_goes_back_once(
    shop, order, finance, log_of
):
    at_stripe(order)
    approve(order, finance)
    shop.run_jobs()
    assert RefundRequest.objects.get().status == RefundRequest.Status.DONE
    assert "was refused" not in log_of()
    assert_refunded_once(order)


def test_a_part_that_is_more_than_stripe_still_holds_is_shown_as_failed(shop, order, finance):
    at_stripe(order, amount=1000)
    approve(order, finance, amount=9000)
    shop.run_jobs()
    assert RefundRequest.objects.get().status == RefundRequest.Status.FAILED
    assert Refund.objects.get().amount == 1000


def test_a_partial_refund_keeps_access(shop, buyer, page, order):
    at_stripe(order, amount=100)
    shop.deliver()
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED
    assert opens(buyer, page)
    assert Refund.objects.get().amount == 100


def test_a_refund_that_comes_before_the_news_of_its_payment_keeps_it_shut(shop, buyer, page):
    order = shop.begin(buyer, course_price(page))
    shop.pay(order)
    payment = StripeObject.objects.get(kind="payment_intent").stripe_id
    refund = gateway.create_refund({"payment_intent": payment}, key="early")
    from payments import refunds

    refunds.refresh_refund(refund["id"], now=site_clock.now())
    assert not opens(buyer, page)
    grant = Grant.objects.get(source_id=order.source_id)
    assert grant.withdrawn_at is not None
    shop.deliver()
    assert not opens(buyer, page)
    assert OutboxMessage.objects.filter(key=f"order-paid-{order.pk}").count() == 0
    assert_refunded_once(order)


def test_a_refunded_membership_ends_at_once_and_charges_no_more(shop, buyer, finance):
    order = shop.buy(buyer, membership_prices()["month"])
    approve(order, finance)
    shop.run_jobs()
    shop.deliver()
    order.refresh_from_db()
    order.subscription.refresh_from_db()
    assert order.status == Order.Status.REFUNDED
    assert order.subscription.status == "canceled"
    assert Grant.objects.get(learner=buyer).withdrawn_at is not None
    charges = StripeObject.objects.filter(kind="charge").count()
    shop.advance(days=40)
    assert StripeObject.objects.filter(kind="charge").count() == charges


def test_a_membership_whose_end_was_cut_off_is_ended_by_the_next_attempt(shop, buyer, finance):
    order = shop.buy(buyer, membership_prices()["month"])
    faults.plan("timeout", times=3, match="DELETE /v1/subscriptions")
    approve(order, finance)
    shop.run_jobs()
    assert RefundRequest.objects.get().status == RefundRequest.Status.DONE
    assert Subscription.objects.get().status == "active"
    DBTaskResult.objects.update(run_after=timezone.now())
    shop.run_jobs()
    assert Subscription.objects.get().status == "canceled"
    assert StripeObject.objects.filter(kind="refund").count() == 1


@pytest.mark.parametrize(("ends_access", "status"), [(False, "active"), (True, "canceled")])
def test_a_part_of_a_membership_ends_it_only_with_the_access(
    shop, buyer, finance, ends_access, status
):
    order = shop.buy(buyer, membership_prices()["month"])
    approve(order, finance, amount=900, ends_access=ends_access)
    shop.run_jobs()
    shop.deliver()
    assert Refund.objects.get().amount == 900
    assert Subscription.objects.get().status == status
    assert_every_job_ended_well()


def test_a_trial_has_nothing_to_refund(shop, buyer, finance):
    order = shop.buy(buyer, membership_prices()["year"])
    with pytest.raises(refund_requests.CannotRefund):
        approve(order, finance)


def test_a_disputed_purchase_closes_and_a_won_one_opens_again(shop, buyer, page, order):
    disputes.open_dispute(order.charge_id, site_clock.now())
    shop.deliver()
    assert not opens(buyer, page)
    dispute = StripeObject.objects.get(kind="dispute")
    disputes.close_dispute(dispute.stripe_id, won=True, now=site_clock.now())
    shop.deliver()
    assert opens(buyer, page)
    disputes_entered = MoneyEntry.objects.filter(order=order, kind="dispute")
    assert sum(disputes_entered.values_list("amount", flat=True)) == 0


def test_a_refund_that_fails_at_the_bank_opens_again_and_can_be_tried_anew(
    shop, buyer, page, order, finance
):
    request = approve(order, finance)
    shop.run_jobs()
    sandbox_refunds.fail(Refund.objects.get().stripe_id, site_clock.now())
    shop.deliver()
    request.refresh_from_db()
    order.refresh_from_db()
    assert (request.status, order.status) == ("failed", Order.Status.FULFILLED)
    assert opens(buyer, page)
    assert sum(MoneyEntry.objects.filter(order=order).values_list("amount", flat=True)) == 9900
    approve(order, finance)
    shop.run_jobs()
    shop.deliver()
    order.refresh_from_db()
    assert order.status == Order.Status.REFUNDED
    assert not opens(buyer, page)


@pytest.mark.parametrize("part", [None, 2000])
def test_what_could_not_go_back_is_tried_anew_for_who_asked(shop, buyer, me, order, finance, part):
    refund_requests.ask(order=order, learner=buyer, note="误购", now=site_clock.now())
    approve(order, finance, amount=part)
    shop.run_jobs()
    sandbox_refunds.fail(Refund.objects.get().stripe_id, site_clock.now())
    shop.deliver()
    first = RefundRequest.objects.get()
    sum_back = "¥20" if part else "¥99"
    mails = OutboxMessage.objects.filter(key__startswith="refund-failed-", to=buyer.email)
    assert mails.get().subject == f"退款 {sum_back} 没有到账"
    page = reverse("order", args=[order.key])
    told = text_of(me.get(page))
    assert "未能退回" in told
    assert "退款延迟，我们正在查看" in told
    assert not fapiao.of_order(order)
    desk = at_desk(roles.FINANCE)
    shown = desk.get(reverse("money-requests:inspect", args=[first.pk])).text
    assert "这张卡已过期或已注销" in shown
    assert reverse("money-orders:refund", args=[order.pk]) in shown
    assert "合计" not in text_of(desk.get(reverse("money-refunds:index")))
    again = desk.get(reverse("money-orders:refund", args=[order.pk])).text
    assert f"之前有 {sum_back} 未能退回：这张卡已过期或已注销" in again
    assert f'value="{"20.00" if part else "99.00"}"' in again
    approve(order, finance, amount=part)
    shop.run_jobs()
    shop.deliver()
    first.refresh_from_db()
    second = RefundRequest.objects.exclude(pk=first.pk).get()
    assert (first.status, second.status) == ("replaced", "done")
    assert (second.asked_by, second.note) == (buyer, "误购")
    sentences = [each.sentence for each in story.of(order)]
    assert sum("申请退款" in each for each in sentences) == 1
    assert any("没有到账" in each for each in sentences)
    for refund in Refund.objects.all():  # whatever is heard of again
        refunds.refresh_refund(refund.stripe_id, now=site_clock.now())
    first.refresh_from_db()
    assert first.status == "replaced"
    assert mails.count() == 1
    told = text_of(me.get(page))
    assert "退款延迟" not in told
    assert ("已部分退款 ¥20" if part else "已退款") in told
    assert f"合计：已退 {sum_back}" in text_of(desk.get(reverse("money-refunds:index")))


def test_an_older_payment_that_goes_back_leaves_the_present_period_alone(shop, buyer, finance):
    order = shop.buy(buyer, membership_prices()["month"])
    first = order.subscription.last_paid_invoice()
    shop.advance(days=32)
    order.subscription.refresh_from_db()
    assert order.subscription.last_paid_invoice() != first
    approve(order, finance, invoice=first)
    shop.run_jobs()
    shop.deliver()
    order.refresh_from_db()
    order.subscription.refresh_from_db()
    assert order.subscription.status == "active"
    assert order.status == Order.Status.FULFILLED
    assert Grant.objects.get(learner=buyer).is_active(site_clock.now())
    assert Refund.objects.get().amount == 3900


@pytest.mark.parametrize("kind", ["course", "month", "year"])
def test_what_a_deleted_account_pays_goes_back_and_opens_nothing(shop, buyer, page, kind):
    price = course_price(page) if kind == "course" else membership_prices()[kind]
    order = shop.begin(buyer, price)
    privacy.erase(user=buyer, now=site_clock.now())
    shop.pay(order)
    shop.deliver()
    order.refresh_from_db()
    assert order.status == Order.Status.REFUNDED
    assert order.note == Order.Note.ACCOUNT_DELETED
    assert not Grant.objects.filter(learner=buyer, withdrawn_at=None).exists()
    assert sum(MoneyEntry.objects.values_list("amount", flat=True)) == 0
    assert not any(row.is_live for row in Subscription.objects.all())
    assert not OutboxMessage.objects.exists()


def test_a_refund_that_stripe_refuses_is_shown_and_changes_nothing(
    shop, buyer, page, order, finance, log_of
):
    disputes.open_dispute(order.charge_id, site_clock.now())  # we do not know of it yet
    request = approve(order, finance)
    shop.run_jobs()
    request.refresh_from_db()
    order.refresh_from_db()
    assert request.status == RefundRequest.Status.FAILED
    assert order.status == Order.Status.FULFILLED
    assert not Refund.objects.exists()
    assert f"refund request {request.pk} was refused" in log_of()
    desk = at_desk(roles.FINANCE)
    assert "未能退回的退款" in text_of(desk.get("/admin/"))
    shown = text_of(desk.get(reverse("money-requests:inspect", args=[request.pk])))
    assert "charged back" in shown
    desk.post(reverse("money-requests:decline", args=[request.pk]), {"reason": "银行会裁决"})
    request.refresh_from_db()
    assert request.status == RefundRequest.Status.DECLINED


def test_what_stripe_refused_is_settled_once_the_money_has_gone_back(shop, order, finance):
    request = approve(order, finance)
    RefundRequest.objects.filter(pk=request.pk).update(status=RefundRequest.Status.FAILED)
    approve(order, finance)
    shop.run_jobs()
    request.refresh_from_db()
    assert request.status == RefundRequest.Status.REPLACED


def test_a_second_trial_is_ended_and_nothing_is_charged(shop, buyer):
    prices = membership_prices()
    first = shop.begin(buyer, prices["year"])
    Order.objects.filter(pk=first.pk).update(status=Order.Status.EXPIRED)
    second = shop.begin(buyer, prices["year"])
    for each in (first, second):
        shop.pay(each)
    shop.deliver()
    shop.run_jobs()
    statuses = {each.status for each in Order.objects.all()}
    assert statuses == {Order.Status.FULFILLED, Order.Status.REFUNDED}
    double = Order.objects.get(status=Order.Status.REFUNDED)
    assert double.subscription
    assert double.subscription.status == "canceled"
    assert not MoneyEntry.objects.exists()
    assert OutboxMessage.objects.filter(key=f"bought-twice-{double.pk}").count() == 1


# --- one request beside another ------------------------------------------------------------------


def test_each_request_is_decided_by_itself(shop, buyer, order, finance):
    other = shop.buy(shop.person(), course_price(course()))
    mine, theirs = (
        refund_requests.ask(order=each, learner=each.buyer, now=site_clock.now())
        for each in (order, other)
    )
    refund_requests.decline(request=mine, reason="不退", actor=finance, now=site_clock.now())
    theirs.refresh_from_db()
    assert theirs.status == RefundRequest.Status.ASKED


def test_what_goes_back_by_itself_does_not_wait_for_other_requests(shop, buyer, order, finance):
    approve(order, finance)
    other = shop.buy(shop.person(), course_price(course()))
    with transaction.atomic():
        refund_requests.give_back(other, reason="买了两次", now=site_clock.now())
        refund_requests.give_back(other, reason="买了两次", now=site_clock.now())
    request = other.refund_requests.get()
    assert (request.status, request.reason) == (RefundRequest.Status.APPROVED, "买了两次")
    shop.run_jobs()
    request.refresh_from_db()
    assert request.status == RefundRequest.Status.DONE


def test_each_bill_goes_back_by_itself(shop, buyer, finance):
    order = shop.buy(buyer, membership_prices()["month"])
    shop.advance(days=32)
    older, later = order.subscription.invoices.order_by("created_at")
    for bill in (older, later):
        with transaction.atomic():
            refund_requests.give_back(order, invoice=bill, reason="x", now=site_clock.now())
    assert order.refund_requests.count() == 2


def test_a_promise_is_kept_once_and_not_beside_a_part_on_its_way(shop, buyer, order, finance):
    keep = partial(
        refund_requests.keep_promise, reason="预售取消", asked_by=finance, now=site_clock.now()
    )
    assert keep(order=order) == keep(order=order)
    shop.run_jobs()
    with pytest.raises(refund_requests.CannotRefund):
        keep(order=order)
    other = shop.buy(shop.person(), course_price(course()))
    approve(other, finance, amount=100)
    with pytest.raises(refund_requests.CannotRefund):
        keep(order=other)


def test_a_second_person_cannot_confirm_more_than_is_left(shop, buyer, finance):
    order = shop.buy(buyer, course_price(course(), amount=90000))
    request = approve(order, finance)
    assert request.status == RefundRequest.Status.PROPOSED
    refund = gateway.create_refund(
        {"payment_intent": order.payment_intent_id, "amount": 50000}, key="at-stripe"
    )
    refunds.refresh_refund(refund["id"], now=site_clock.now())
    with pytest.raises(refund_requests.MoreThanPaid):
        refund_requests.confirm(request=request, actor=UserFactory(), now=site_clock.now())
    request.refresh_from_db()
    assert request.status == RefundRequest.Status.PROPOSED


def test_in_a_currency_without_a_limit_nobody_gives_back_alone(settings):
    settings.REFUNDS_ALONE = {}
    assert refund_requests.limit("JPY") == 0


def test_a_dispute_names_its_charge_and_payment(shop, order):
    disputes.open_dispute(order.charge_id, site_clock.now())
    shop.deliver()
    dispute = Dispute.objects.get()
    order.refresh_from_db()
    assert (dispute.charge_id, dispute.payment_intent_id) == (
        order.charge_id,
        order.payment_intent_id,
    )
