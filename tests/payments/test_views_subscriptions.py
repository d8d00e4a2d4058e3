"""A subscription in its learner's hands: what is shown, done, refused; where Stripe is away."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from operations import clock as site_clock
from pages import dates
from payments import pausing, periods
from payments.models import Cancellation, Pause, PlanChange, Price, Subscription, WinBack
from payments.sandbox import faults
from tests.accounts.doors import grow_old
from tests.factories import MembershipFactory, UserFactory
from tests.payments import shown
from tests.payments.factories import (
    NOW,
    InvoiceFactory,
    PromotionFactory,
    SubscriptionFactory,
    membership_prices,
)
from tests.payments.plans import fresh
from tests.payments.test_pages import signed_in
from tests.payments.test_subscriptions import break_card

pytestmark = pytest.mark.django_db
NAMES = {
    "subscription": "get",
    "subscription_cancel": "both",
    "subscription_resume": "post",
    "subscription_pause": "both",
    "subscription_unpause": "post",
    "subscription_switch_back": "post",
    "subscription_pay": "get",
    "subscription_card": "both",
}
AWAY = "error: 暂时连不上 Stripe，什么都没有改变，请稍后再试。"
UNKNOWN = "warning: Stripe 没有答复，还不知道办成了没有。我们正在核对，请过一分钟再看这一页。"
REFUSED = "error: Stripe 没有接受这次变更，一切照旧。"
DONE_ALREADY = "info: 已经办过了，或现在不能办理。"


def soon(**by: float) -> datetime:
    return site_clock.now() + timedelta(**by)


def day(at: datetime) -> str:
    with timezone.override("Asia/Shanghai"):
        return dates.day(at, now=site_clock.now())


def of(row: Subscription, name: str = "subscription") -> str:
    return reverse(name, args=[row.pk])


@pytest.fixture
def plans(db: None) -> dict[str, Price]:
    return membership_prices(MembershipFactory(name="全部课程"))


@pytest.fixture
def row(buyer: User, plans: dict[str, Price]) -> Subscription:
    made: Subscription = SubscriptionFactory(
        learner=buyer, offer=plans["month"].offer, period_end=soon(days=20), object={"id": "sub_1"}
    )
    return made


@pytest.fixture
def live(shop: Any, buyer: User, library: dict[str, Price]) -> Subscription:
    """Bought in the sandbox, with its page."""
    found = shop.buy(buyer, library["month"]).subscription
    assert found is not None
    return found


def leads_back(answer: Any, row: Subscription, *words: str) -> None:
    assert (answer.status_code, answer["Location"]) == (302, of(row))
    assert shown.said(answer) == list(words)


@pytest.mark.parametrize("name", NAMES)
def test_it_is_its_learners_alone(client, name, row):
    address, method = of(row, name), NAMES[name]
    stranger = signed_in(UserFactory())
    if method != "post":
        assert client.get(address)["Location"] == f"/account/login/?next={address}"
        assert stranger.get(address).status_code == 404
    if method != "get":
        assert stranger.post(address).status_code == 404
    refused = {"get": "POST", "post": "GET", "both": "PUT"}[method]
    assert stranger.generic(refused, address).status_code == 405


def test_what_may_charge_at_once_wants_a_proof(me, row):
    grow_old(me)
    answer = me.post(of(row, "subscription_unpause"))
    assert answer["Location"].startswith("/account/reauthenticate/?next=")


def test_who_may_cancel_may_take_it_back_by_the_same_means(me, live):
    grow_old(me)
    me.post(of(live, "subscription_cancel"))
    assert fresh(live).ends_by_itself
    me.post(of(live, "subscription_resume"))
    assert not fresh(live).ends_by_itself


# --- the page ------------------------------------------------------------------------------------


def test_a_running_subscription_offers_to_change_pause_and_cancel(me, row):
    answer = me.get(of(row))
    words = shown.lines(answer)
    ends = row.period_end
    assert ends is not None
    assert f"将于 {day(ends)}续费 ¥39。" in words
    assert {"更换方案", "暂停", "取消续费"} <= set(words)
    assert "看看会员" not in words


def test_what_is_past_and_what_is_to_come_stand_apart(me, row):
    InvoiceFactory(subscription=row, created_at=NOW, paid_at=NOW)
    soup = BeautifulSoup(me.get(of(row)).content, "html.parser")
    to_come = soup.select_one('[aria-labelledby="to-come"]')
    past = soup.select_one('[aria-labelledby="so-far"]')
    assert to_come is not None
    assert past is not None
    assert row.period_end is not None
    assert day(row.period_end) in to_come.text
    assert day(NOW) not in to_come.text
    assert day(NOW) in past.text
    assert day(row.period_end) not in past.text


def test_a_subscription_that_ended_leads_to_the_membership(me, buyer, row):
    Subscription.objects.filter(pk=row.pk).update(status="canceled", ended_at=soon(days=-1))
    promotion = PromotionFactory(code="BACK-1", percent=30, ends_at=soon(days=3))
    WinBack.objects.create(
        learner=buyer, subscription=row, promotion=promotion, made_at=NOW, year=2026
    )
    words = shown.lines(me.get(of(row)))
    assert "看看会员" in words
    assert not {"更换方案", "暂停", "取消续费"} & set(words)
    assert "BACK-1" in me.get(of(row)).text
    Subscription.objects.filter(pk=row.pk).update(status="past_due", ended_at=None)
    assert "BACK-1" not in me.get(of(row)).text


def test_a_planned_change_is_named_and_stands_in_the_way_of_another(me, row, plans):
    PlanChange.objects.create(
        subscription=row,
        from_offer=row.offer,
        from_amount=3900,
        price=plans["year"],
        at_period_end=True,
        effective_at=row.period_end,
        created_at=NOW,
    )
    words = shown.lines(me.get(of(row)))
    assert not {"更换方案", "暂停"} & set(words)
    assert any("全部课程" in each and "¥365" in each for each in words)


def pause_of(row: Subscription, **fields: Any) -> Pause:
    assert row.period_end is not None
    made: Pause = Pause.objects.create(
        **{
            "subscription": row,
            "months": 1,
            "asked_at": NOW,
            "begins_at": row.period_end,
            "resumes_at": periods.add_months(row.period_end, 1),
        }
        | fields
    )
    return made


def test_a_pause_that_was_set_can_be_called_off(me, row):
    pause_of(row)
    assert "取消暂停" not in "".join(shown.lines(me.get(of(row))))
    Subscription.objects.filter(pk=row.pk).update(collection_paused=True)
    form = f'action="{of(row, "subscription_unpause")}"'
    answer = me.get(of(row))
    assert form in answer.text
    assert "¥39" not in "".join(each for each in shown.lines(answer) if "今天" in each)
    Pause.objects.update(resumed_at=NOW)
    assert form not in me.get(of(row)).text


# --- cancelling ----------------------------------------------------------------------------------


def test_until_when_it_stays_open_is_said_before_it_is_cancelled(me, row, settings):
    settings.RETENTION_OFFER = "pause"
    answer = me.get(of(row, "subscription_cancel"))
    assert of(row, "subscription_pause") in answer.text
    assert shown.filled(answer) == {"reason": "", "note": ""}
    assert shown.wrong(answer) == {}
    settings.RETENTION_OFFER = ""
    assert of(row, "subscription_pause") not in me.get(of(row, "subscription_cancel")).text
    Subscription.objects.filter(pk=row.pk).update(status="canceled", ended_at=NOW)
    for ask in (me.get, me.post):
        answer = ask(of(row, "subscription_cancel"))
        leads_back(answer, row, "info: 这个订阅不会自动续费。")
        me.get(of(row))


def test_it_is_cancelled_with_or_without_a_reason_and_goes_on(me, live):
    answer = me.post(of(live, "subscription_cancel"), {"reason": "nonsense"})
    assert answer.status_code == 200
    long = me.post(of(live, "subscription_cancel"), {"note": "字" * 501})
    assert long.status_code == 200
    assert not Cancellation.objects.exists()
    reason = Cancellation.Reason.values[0]
    answer = me.post(of(live, "subscription_cancel"), {"reason": reason, "note": "字" * 500})
    leads_back(answer, live, "success: 已取消，已付的时间照常使用。")
    told = Cancellation.objects.get()
    assert (told.reason, told.note) == (reason, "字" * 500)
    assert fresh(live).ends_by_itself
    me.get(of(live))
    answer = me.post(of(live, "subscription_resume"))
    leads_back(answer, live, "success: 已恢复，到期会自动续费。")
    assert not fresh(live).ends_by_itself
    me.get(of(live))
    leads_back(me.post(of(live, "subscription_resume")), live, "info: 没有可以恢复的订阅。")


def test_what_stripe_refuses_or_does_not_answer_is_told_apart(me, live):
    faults.plan("no_connection", times=9, match="POST")
    leads_back(me.post(of(live, "subscription_cancel")), live, UNKNOWN)
    faults.clear()
    me.get(of(live))
    assert not fresh(live).ends_by_itself


# --- where the answer was lost -------------------------------------------------------------------

LOOKING = "Stripe 没有答复，还不知道办成了没有。我们正在核对，结果会写在这一页。"
NOTHING = "没有办成，一切照旧，可以再办一次。"


def told_of(me: Client, row: Subscription) -> list[str]:
    """What its page says of what was asked; the message of the asking itself is read away."""
    me.get(reverse("orders"))
    return [each for each in shown.lines(me.get(of(row))) if each.startswith("「")]


@pytest.mark.parametrize(
    ("act", "label"), [("subscription_cancel", "取消续费"), ("subscription_resume", "恢复")]
)
def test_what_is_not_known_is_said_until_it_was_looked_up(me, live, act, label, run_jobs):
    if act == "subscription_resume":
        me.post(of(live, "subscription_cancel"))
        run_jobs()
    assert told_of(me, live) == []
    faults.plan("no_connection", times=100)
    me.post(of(live, act))
    for _ in range(2):
        assert told_of(me, live) == [f"「{label}」：{LOOKING}"]
    faults.clear()
    run_jobs()
    for _ in range(2):
        assert told_of(me, live) == [f"「{label}」{NOTHING}"]
    assert of(live, act) in me.get(of(live)).text
    me.post(of(live, act))
    assert told_of(me, live) == []


def test_what_was_done_though_the_answer_was_lost_needs_no_word(me, live, run_jobs):
    faults.plan("answer_lost", times=20, match="POST /v1/subscriptions")
    me.post(of(live, "subscription_cancel"))
    assert told_of(me, live) == [f"「取消续费」：{LOOKING}"]
    faults.clear()
    run_jobs()
    assert fresh(live).ends_by_itself
    assert told_of(me, live) == []


def test_a_pause_is_looked_up_until_its_job_gives_it_up(me, live, run_jobs):
    faults.plan("no_connection", times=100)
    me.post(of(live, "subscription_pause"), {"months": "1"})
    faults.clear()
    run_jobs()
    assert told_of(me, live) == [f"「暂停」：{LOOKING}"]
    pausing.resume_due(now=soon(minutes=3))
    assert told_of(me, live) == [f"「暂停」{NOTHING}"]
    assert of(live, "subscription_pause") in me.get(of(live)).text


def test_a_pause_that_stripe_has_not_answered_is_not_one_had_already(me, live):
    faults.plan("no_connection", times=100)
    me.post(of(live, "subscription_pause"), {"months": "1"})
    me.get(of(live))
    answer = me.get(of(live, "subscription_pause"))
    leads_back(answer, live, "info: Stripe 还没有答复暂停办成了没有。")


def test_pressed_again_at_once_what_is_not_known_is_still_said(shop, me, live, run_jobs):
    me.post(of(live, "subscription_pause"), {"months": "1"})
    faults.plan("server_error", times=20, match="POST /v1/subscriptions")
    me.post(of(live, "subscription_unpause"))
    assert told_of(me, live) == [f"「取消暂停」：{LOOKING}"]
    faults.clear()
    run_jobs()
    assert shown.said(me.post(of(live, "subscription_unpause"))) == []
    assert told_of(me, live) == [f"「取消暂停」：{LOOKING}"]
    shop.advance(minutes=3)
    assert told_of(me, live) == [f"「取消暂停」{NOTHING}"]
    me.post(of(live, "subscription_unpause"))
    assert fresh(live).renews
    assert told_of(me, live) == []


def test_that_it_came_to_nothing_is_told_for_a_day(me, live, run_jobs):
    faults.plan("no_connection", times=100)
    me.post(of(live, "subscription_cancel"))
    faults.clear()
    run_jobs()
    session = me.session
    act, at = session["unanswered"][str(live.pk)]
    before = datetime.fromisoformat(at) - timedelta(days=1)
    session["unanswered"] = {str(live.pk): [act, before.isoformat()]}
    session.save()
    assert told_of(me, live) == []


# --- pausing -------------------------------------------------------------------------------------


def test_each_length_of_a_pause_says_its_day_and_its_amount(me, row, settings):
    settings.PAUSED_KEEPS_ACCESS = False
    answer = me.get(of(row, "subscription_pause"))
    assert row.period_end is not None
    words = shown.lines(answer)
    for months in (1, 2, 3):
        on = day(periods.add_months(row.period_end, months))
        assert any(on in each and "¥39" in each for each in words), months
    assert shown.filled(answer) == {"months": "1"}
    without = me.post(of(row, "subscription_pause"), {"months": "4"})
    assert without.status_code == 200
    assert len(shown.lines(without)) == len(words) + 1
    settings.PAUSED_KEEPS_ACCESS = True
    assert shown.lines(me.get(of(row, "subscription_pause"))) != words


def test_a_pause_ends_in_the_month_that_is_told_to_the_last_of_december(me, row):
    row.period_end = datetime(2026, 12, 30, 18, tzinfo=UTC)  # the 31st in Shanghai
    row.save()
    words = shown.lines(me.get(of(row, "subscription_pause")))
    for month, last in ((1, 31), (2, 28), (3, 31)):
        on = day(datetime(2027, month, last, 4, tzinfo=UTC))
        assert any(on in each for each in words), (on, words)


def test_a_pause_is_set_and_ended(me, live):
    answer = me.post(of(live, "subscription_pause"), {"months": "2"})
    leads_back(answer, live, "success: 暂停已设好。到期自动恢复，恢复前五天会来信。")
    assert Pause.objects.get().months == 2
    me.get(of(live))
    again = me.post(of(live, "subscription_pause"), {"months": "2"})
    leads_back(again, live, "info: 一年可以暂停一次。")
    me.get(of(live))
    answer = me.post(of(live, "subscription_unpause"))
    leads_back(answer, live, "success: 暂停已结束，会员继续。")
    me.get(of(live))
    leads_back(me.post(of(live, "subscription_unpause")), live, DONE_ALREADY)


def test_what_cannot_be_paused_says_why(me, row):
    Subscription.objects.filter(pk=row.pk).update(status="past_due")
    leads_back(me.get(of(row, "subscription_pause")), row, "info: 现在的状态不能暂停。")
    me.get(of(row))
    Subscription.objects.filter(pk=row.pk).update(status="active", period_end=None)
    leads_back(me.get(of(row, "subscription_pause")), row, "info: 现在的状态不能暂停。")


# --- a change taken back, paying, the card -------------------------------------------------------


def test_a_change_that_is_not_there_is_not_taken_back(me, live):
    answer = me.post(of(live, "subscription_switch_back"))
    leads_back(answer, live, "info: 已经不能撤回，现在的情况见下。")


def test_an_open_bill_is_paid_on_stripes_page(me, row, live, shop):
    InvoiceFactory(subscription=row, status="paid")
    leads_back(me.get(of(row, "subscription_pay")), row, "info: 没有待支付的账单。")
    me.get(of(row))
    InvoiceFactory(subscription=row, status="open")
    Subscription.objects.filter(pk=row.pk).update(ended_at=NOW, status="canceled")
    leads_back(me.get(of(row, "subscription_pay")), row, "info: 没有待支付的账单。")
    me.get(of(row))
    break_card(live)
    shop.advance(days=32)
    bill = live.invoices.get(status="open")
    answer = me.get(of(live, "subscription_pay"))
    assert (answer.status_code, answer["Location"]) == (302, bill.page_url)
    faults.plan("no_connection", times=9)
    leads_back(me.get(of(live, "subscription_pay")), live, AWAY)


def test_the_card_is_changed_on_stripes_page_and_leads_back(me, live, settings):
    for ask in (me.get, me.post):
        answer = ask(of(live, "subscription_card"))
        assert answer.status_code == 303
        assert "/sandbox/" in answer["Location"]
    faults.plan("no_connection", times=9)
    leads_back(me.get(of(live, "subscription_card")), live, AWAY)


@pytest.mark.parametrize("name", ["subscription_pay", "subscription_card"])
def test_ways_to_stripe_are_limited(me: Client, live, settings, name):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"checkout": "1/h/user"}
    assert [me.get(of(live, name)).status_code for _ in range(2)][1] == 429
