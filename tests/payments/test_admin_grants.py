"""Access at finance's desk: how each grant stands, what is given and taken by hand."""

import uuid
from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import roles
from accounts.models import User
from courses.models import Grant
from operations import clock as site_clock
from pages import dates
from tests.factories import MembershipFactory, UserFactory, course
from tests.payments import shown
from tests.payments.factories import NOW
from tests.payments.staff import at_desk, csv_rows, somebody

pytestmark = pytest.mark.django_db
LISTING = "/admin/money/grants/"
AT = "2026 年 11 月 23 日 12:00"


def amy() -> User:
    found = User.objects.filter(email="amy@example.org").first()
    return found or UserFactory(email="amy@example.org", name="林岚")


def grant(source: str = "staff", number: str = "hand-1", **fields: Any) -> Grant:
    terms = {"learner": amy(), "source_kind": source, "source_id": number, "starts_at": NOW}
    if "membership" not in fields:
        terms["course"] = course(title="城市的暗线")
    made: Grant = Grant.objects.create(**terms | fields)
    return made


def page(row: Grant, name: str = "inspect") -> str:
    return reverse(f"money-grants:{name}", args=[row.pk])


def day(days: int) -> Any:
    return timezone.localdate(site_clock.now()) + timedelta(days=days)


# --- the listing ---------------------------------------------------------------------------------


def test_each_state_has_its_word_and_the_filter_finds_what_is_in_force(desk):
    now = site_clock.now()
    hour = timedelta(hours=1)
    cases: dict[str, dict[str, Any]] = {
        "for good": {},
        "for a while": {"ends_at": now + hour},
        "run out": {"ends_at": now},
        "later": {"starts_at": now + hour},
        "taken back": {"withdrawn_at": NOW},
    }
    for source_id, fields in cases.items():
        grant(number=source_id, **fields)
    states = {row["来源编号"]: row["状态"] for row in csv_rows(desk, LISTING)}
    assert states == {
        "for good": "有效",
        "for a while": "有效",
        "run out": "已到期",
        "later": "尚未开始",
        "taken back": "已收回",
    }
    for wanted in ("true", "false"):
        rows = csv_rows(desk, LISTING, in_force=wanted)
        found = {row["来源编号"] for row in rows}
        in_force = {"for good", "for a while"}
        assert found == (in_force if wanted == "true" else set(states) - in_force)


def test_the_latest_stands_first_with_all_that_finance_asks(desk):
    plan = MembershipFactory(name="听书会员")
    grant(number="a", starts_at=NOW - timedelta(days=1))
    grant("subscription", "b", membership=plan, ends_at=NOW + timedelta(days=400))
    listed = shown.listed(desk.get(LISTING))
    assert [row[:2] for row in listed] == [
        ["amy@example.org", "听书会员"],
        ["amy@example.org", "城市的暗线"],
    ]
    found = shown.listed(desk.get(f"{LISTING}?membership={plan.pk}"))
    assert [row[1] for row in found] == ["听书会员"]


def test_only_who_may_give_is_offered_to(desk):
    give = reverse("money-grants:give")
    assert give in desk.get(LISTING).text
    assert give not in at_desk(roles.OPERATOR).get(LISTING).text


# --- one of them ---------------------------------------------------------------------------------


def test_what_was_given_by_hand_is_written_out_with_what_became_of_it(desk):
    form = {"key": str(uuid.uuid4()), "email": amy().email, "source": "scholarship"}
    target = course(title="城市的暗线")
    given = {"course": target.pk, "until": str(day(400)), "reason": "乡村教师"}
    desk.post(reverse("money-grants:give"), form | given)
    row = Grant.objects.get()
    answer = desk.get(page(row))
    facts, me = shown.facts(answer), somebody(desk)
    until = dates.moment(dates.end_of_day(day(400)))
    assert (facts["学员"], facts["可打开"], facts["状态"], facts["来源"], facts["到期"]) == (
        "林岚 <amy@example.org>",
        "城市的暗线",
        "有效",
        "助学名额",
        until,
    )
    assert shown.acts(answer) == ["延长", "收回"]
    (change,) = shown.tables(answer)["变更"]
    assert change[1:3] == [f"{me.get_full_name()} <{me.email}>", "乡村教师"]
    assert (change[4], change[5]) == (until, "")


@pytest.mark.parametrize(
    ("source", "ends", "acts"),
    [
        ("staff", True, ["延长", "收回"]),
        ("scholarship", False, ["收回"]),
        ("enrolment", False, ["收回"]),
        ("enrolment", True, ["延长", "收回"]),
        ("purchase", False, ["开通学习权限"]),
        ("subscription", True, ["开通学习权限"]),
        ("gift", False, ["开通学习权限"]),
        ("redeem_code", False, ["开通学习权限"]),
    ],
)
def test_what_follows_from_money_is_not_taken_by_hand(desk, source, ends, acts):
    row = grant(source, ends_at=NOW + timedelta(days=400) if ends else None)
    answer = desk.get(page(row))
    assert shown.acts(answer) == acts
    assert shown.facts(answer)["到期"] == (dates.moment(row.ends_at) if row.ends_at else "永久")
    for name, label in (("extend", "延长"), ("withdraw", "收回")):
        assert desk.get(page(row, name)).status_code == (200 if label in acts else 302)
    if acts == ["开通学习权限"]:
        asked = f"?email=amy%40example.org&amp;course={row.course_id}"
        assert reverse("money-grants:give") + asked in answer.text
        filled = desk.get(reverse("money-grants:give") + asked.replace("&amp;", "&"))
        assert filled.context["form"].initial["course"] == str(row.course_id)
    row.withdrawn_at = NOW
    row.save()
    assert set(shown.acts(desk.get(page(row)))) == set(acts) - {"延长", "收回"}
    assert shown.acts(at_desk(roles.OPERATOR).get(page(row))) == []


@pytest.mark.parametrize(
    ("number", "viewset"),
    [
        ("order-7", "orders"),
        ("subscription-7", "subscriptions"),
        ("code-7", "codes"),
        ("gift-7", "gifts"),
        ("hand-7", None),
        ("order-x", None),
    ],
)
def test_the_source_leads_to_what_stands_behind_it(desk, number, viewset):
    leads = shown.links(desk.get(page(grant("purchase", number))))
    assert leads == ({"来源": f"/admin/money/{viewset}/inspect/7/"} if viewset else {})


def test_changes_say_in_words_what_the_site_wrote_down(desk):
    row = grant()
    reasons = {
        "given back": "这笔付款已退款",
        "disputed": "银行对这笔付款提出争议",
        "0123456789": "订单 0123456789",
        "past_due": "扣款失败",
        "01234567890": "01234567890",
        "乡村教师": "乡村教师",
    }
    for number, reason in enumerate(reasons):
        row.changes.create(at=NOW + timedelta(hours=number), starts_at=NOW, reason=reason)
    changes = shown.tables(desk.get(page(row)))["变更"]
    assert [line[2] for line in changes] == list(reversed(reasons.values()))
    assert {(line[1], line[4]) for line in changes} == {("系统", "永久")}


# --- giving, extending, withdrawing --------------------------------------------------------------


def extend(desk: Client, row: Grant, until: str) -> Any:
    return desk.post(page(row, "extend"), {"until": until, "reason": "补时"})


def test_extending_gives_more_time_never_less(desk):
    row = grant(ends_at=dates.end_of_day(day(3)))
    told = shown.consequences(desk.get(page(row, "extend")))
    until = dates.moment(dates.end_of_day(day(3)))
    assert told == [f"目前 林岚 <amy@example.org> 可以打开《城市的暗线》到 {until}。"]
    assert "请选一个更晚的日子" in extend(desk, row, str(day(3))).text
    assert "这一天已经过去了" in extend(desk, row, str(day(-1))).text
    assert extend(desk, row, str(day(4))).status_code == 302
    row.refresh_from_db()
    assert row.ends_at == dates.end_of_day(day(4))
    assert extend(desk, row, "").status_code == 302
    row.refresh_from_db()
    assert row.ends_at is None
    change = row.changes.latest("pk")
    assert (change.reason, change.actor) == ("补时", somebody(desk))


def test_withdrawing_keeps_until_when_it_would_have_been(desk):
    row = grant("enrolment", ends_at=NOW + timedelta(days=400))
    assert shown.consequences(desk.get(page(row, "withdraw"))) == [
        "林岚 <amy@example.org> 将不能凭这条权限打开「城市的暗线」。",
        "学习进度保留，其他权限也保留。",
    ]
    assert desk.post(page(row, "withdraw"), {"reason": "给错了人"}).status_code == 302
    row.refresh_from_db()
    assert (row.withdrawn_at is None, row.ends_at) == (False, NOW + timedelta(days=400))


def test_a_closed_account_is_given_nothing_and_today_still_counts(desk):
    gone = UserFactory(email="gone@example.org", is_active=False)
    form = {"key": str(uuid.uuid4()), "source": "staff", "course": course().pk, "reason": "送"}
    refused = desk.post(reverse("money-grants:give"), form | {"email": gone.email})
    assert refused.context["form"].errors == {"email": ["没有用这个邮箱注册的人。"]}
    both = form | {"email": amy().email, "membership": MembershipFactory().pk}
    assert desk.post(reverse("money-grants:give"), both).context["form"].errors == {
        "course": ["课程和会员选一个，不能都选。"]
    }
    today = form | {"email": amy().email, "until": str(day(0))}
    assert desk.post(reverse("money-grants:give"), today).status_code == 302
    assert Grant.objects.get().ends_at == dates.end_of_day(day(0))
