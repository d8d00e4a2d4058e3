"""One page that says why a person can open a lesson, or cannot."""

from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from accounts import roles
from accounts.models import User
from courses.memberships import sync_included
from courses.models import Grant, LessonPage
from operations import clock as site_clock
from payments.models import Order
from tests.factories import MembershipFactory, UserFactory, course, lesson
from tests.payments.factories import (
    NOW,
    DisputeFactory,
    GiftFactory,
    OrderFactory,
    PromotionFactory,
    RedeemBatchFactory,
    RedeemCodeFactory,
    SubscriptionFactory,
    course_price,
)
from tests.payments.staff import at_desk

pytestmark = pytest.mark.django_db
AT = "2026 年 11 月 23 日 12:00"
NOTHING = "没有覆盖这门课的有效权限。"


def asked(desk: Client, learner: User, about: Any) -> Any:
    query = {"email": learner.email.upper(), "lesson": about.pk}
    answer = desk.get(reverse("money-why:index"), query)
    assert answer.status_code == 200
    return BeautifulSoup(answer.content, "html.parser")


def why(desk: Client, learner: User, about: Any) -> tuple[bool, list[str]]:
    """Whether it is open, and each reason."""
    soup = asked(desk, learner, about)
    verdict = soup.select("main h2")[1].get_text(strip=True)
    return verdict.startswith("能："), [
        each.get_text() for each in soup.select("main h2 ~ ul > li")
    ]


def rows(soup: Any, heading: str) -> list[list[str]]:
    (title,) = [each for each in soup.select("main h3") if heading in each.text]
    lines = title.find_next_sibling("table").select("tbody tr")
    return [[cell.get_text(strip=True) for cell in line.select("td")] for line in lines]


def given(learner: User, page: Any, number: str = "hand-1", **fields: Any) -> Grant:
    terms = {"source_kind": "staff", "source_id": number, "starts_at": NOW, "course": page}
    made: Grant = Grant.objects.create(learner=learner, **terms | fields)
    return made


def of_course(**fields: Any) -> tuple[Any, Any]:
    page = course(title="城市的暗线", lessons=2, **fields)
    return page, page.get_children().last().specific


def test_each_way_in_has_its_reason(desk, buyer):
    page, last = of_course()
    assert why(desk, buyer, last) == (False, [NOTHING])
    free = page.get_children().first().specific
    preview = "这一讲免费试听：谁都能打开。"
    assert why(desk, buyer, free) == (True, [preview, NOTHING])
    given(buyer, page)
    given(buyer, page, "hand-2", ends_at=site_clock.now())
    given(buyer, page, "hand-3", starts_at=site_clock.now() + timedelta(hours=1))
    given(UserFactory(), page, "hand-4")
    in_force = "「城市的暗线」的权限有效：由工作人员开通。"
    assert why(desk, buyer, last) == (True, [in_force])


def test_a_membership_covers_its_courses_and_no_others(desk, buyer):
    page, last = of_course()
    plan = MembershipFactory(name="听书会员")
    given(buyer, None, course=None, membership=plan)
    assert why(desk, buyer, last) == (False, [NOTHING])
    page.memberships.add(plan)
    page.save()
    sync_included(page, now=site_clock.now())
    assert why(desk, buyer, last) == (True, ["「听书会员」的权限有效：由工作人员开通。"])


def test_what_is_not_published_says_so(desk, buyer):
    page, last = of_course()
    given(buyer, page)
    in_force = "「城市的暗线」的权限有效：由工作人员开通。"
    last.unpublish()
    assert why(desk, buyer, last) == (False, ["这一讲未发布：对所有人都不可见。", in_force])
    other, still = of_course(slug="other")
    given(buyer, other, "hand-2")
    other.unpublish(user=None)
    closed = "课程未发布：只有已经拥有的人能读。"
    opens, reasons = why(desk, buyer, LessonPage.objects.get(pk=still.pk))
    assert (opens, reasons) == (True, [closed, in_force])
    assert not why(desk, UserFactory(), still)[0]
    LessonPage.objects.filter(pk=still.pk).update(live=False, unpublished_alone=True)
    assert why(desk, buyer, still)[1] == [closed, "这一讲被单独撤下，或从未发布。", in_force]
    LessonPage.objects.filter(pk=still.pk).update(live=False, unpublished_alone=False)
    assert why(desk, buyer, still)[1] == [closed, in_force]


def test_what_went_back_is_named_with_its_order(desk, buyer):
    page, last = of_course()
    price = course_price(page)
    order = OrderFactory(fulfilled=True, price=price, buyer=buyer, status=Order.Status.REFUNDED)
    given(buyer, page, order.source_id, source_kind="purchase", withdrawn_at=NOW)
    # Of another course, and one that staff ended: neither is why this one is shut.
    other = course_price(course(title="另一门"))
    elsewhere = OrderFactory(fulfilled=True, price=other, buyer=buyer, status=Order.Status.REFUNDED)
    given(buyer, other.offer.course, elsewhere.source_id, withdrawn_at=NOW)
    told = f"《城市的暗线》的付款已退款（订单 {order.number}）。"
    assert why(desk, buyer, last) == (False, [NOTHING, told])
    free = {"amount": 0, "discount": 9900, "promotion": PromotionFactory(percent=100)}
    Order.objects.filter(pk=order.pk).update(**free, ended_at=NOW)
    assert why(desk, buyer, last) == (False, [NOTHING])


@pytest.mark.parametrize(
    ("status", "sentence"),
    [
        ("needs_response", "银行正在处理《城市的暗线》的付款争议（订单 {}）。"),
        ("lost", "银行退回了《城市的暗线》的付款（订单 {}）。"),
        ("won", None),
    ],
)
def test_a_dispute_is_named_whoever_paid(desk, buyer, status, sentence):
    """By their own order, as a friend's gift, on a colleague's seat, by a subscription."""
    page, last = of_course()
    price = course_price(page)
    own = OrderFactory(fulfilled=True, price=price, buyer=buyer)
    given_order = OrderFactory(fulfilled=True, price=price, purpose=Order.Purpose.GIFT)
    gift = GiftFactory(order=given_order, redeemed_at=NOW, redeemed_by=buyer)
    seats = OrderFactory(fulfilled=True, price=price, purpose=Order.Purpose.SEATS, quantity=2)
    batch = RedeemBatchFactory(order=seats, made_by=None, course=page)
    seat = RedeemCodeFactory(batch=batch, serial=2, redeemed_at=NOW, redeemed_by=buyer)
    RedeemCodeFactory(batch=batch, serial=1)
    row = SubscriptionFactory(learner=buyer)
    by_plan = OrderFactory(fulfilled=True, price__offer=row.offer, buyer=buyer, subscription=row)
    for order, source in (
        (own, own.source_id),
        (given_order, gift.source_id),
        (seats, seat.source_id),
        (by_plan, row.source_id),
    ):
        DisputeFactory(order=order, status=status)
        mine = given(buyer, page, source, source_kind="purchase", withdrawn_at=NOW)
        told = [sentence.format(order.number)] if sentence else []
        assert why(desk, buyer, last)[1] == [NOTHING, *told]
        mine.delete()


def test_each_grant_is_listed_with_its_changes(desk, buyer):
    page, last = of_course()
    older = given(buyer, page, "order-7", starts_at=NOW - timedelta(days=1))
    newer = given(buyer, course(title="另一门"), "hand-2", ends_at=NOW, withdrawn_at=None)
    older.changes.create(at=NOW, starts_at=NOW, reason="given back", withdrawn_at=NOW)
    newer.changes.create(at=NOW, starts_at=NOW, reason="另一门的")
    soup = asked(desk, buyer, last)
    assert rows(soup, "全部学习权限") == [
        ["另一门", "由工作人员开通", "已到期", AT, AT, "未覆盖"],
        ["城市的暗线", "由工作人员开通", "有效", "2026 年 11 月 22 日 12:00", "永久", "覆盖"],
    ]
    assert rows(soup, "权限变更") == [["城市的暗线", AT, "系统", "这笔付款已退款", AT, "永久", AT]]
    leads = [a["href"] for a in soup.select("main h3 + table a")]
    assert leads[0] == reverse("money-grants:inspect", args=[newer.pk])
    assert "/admin/money/orders/inspect/7/" in leads


def test_every_lesson_that_was_ever_out_can_be_chosen(desk):
    second = course(title="b 课", lessons=1)
    first = course(title="a 课", lessons=2)
    course(title="没有讲")
    lesson(first, slug="draft", live=False, first_published_at=None)
    soup: Any = BeautifulSoup(desk.get(reverse("money-why:index")).content, "html.parser")
    groups = {
        group["label"]: [each.text for each in group.select("option")]
        for group in soup.select("select[name=lesson] optgroup")
    }
    assert list(groups.items()) == [
        ("a 课", ["第 00 讲", "第 01 讲"]),
        ("b 课", ["第 00 讲"]),
    ]
    assert soup.select_one("select[name=lesson] option").text == "选一讲"
    assert second


def test_only_who_may_give_is_led_to_giving(desk, buyer):
    _page, last = of_course()
    give = reverse("money-grants:give")
    assert give in str(asked(desk, buyer, last).main)
    assert give not in str(asked(at_desk(roles.OPERATOR), buyer, last).main)
