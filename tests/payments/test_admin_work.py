"""Finance prices things, gives and withdraws access, replays events, settles differences."""

import uuid
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from wagtail.models import ModelLogEntry

from accounts import roles
from courses import access, grants
from courses.models import Grant, Membership
from operations import clock as site_clock
from payments.models import Difference, MoneyEntry, Offer, WebhookEvent
from tests.accounts.browser import text_of
from tests.factories import MembershipFactory, course
from tests.payments.factories import (
    NOW,
    OfferFactory,
    OrderFactory,
    course_price,
    membership_prices,
)
from tests.payments.plans import included_in
from tests.payments.staff import at_desk, somebody
from tests.payments.test_admin_listings import one_of_each

HISTORY = "/admin/reports/site-history/"
pytestmark = pytest.mark.django_db


# --- offers and prices ---------------------------------------------------------------------------


def offer_form(**fields):
    blank = {"course": "", "bundle": "", "membership": "", "interval": "", "term_months": ""}
    return blank | {"trial_days": "0", "sort_order": "0", "is_active": "on"} | fields


def test_a_course_is_put_for_sale_without_code(desk, client):
    page = course(lessons=2)
    form = offer_form(course=page.pk, kind="one_off", amount="99.00")
    assert desk.post(reverse("money-offers:add"), form).status_code == 302
    assert Offer.objects.get().prices.get().amount == 9900
    assert "¥99" in client.get(page.get_absolute_url()).text


def test_a_plan_of_a_membership_is_made_without_code(desk, client):
    membership = MembershipFactory()
    form = offer_form(membership=membership.pk, kind="recurring", interval="quarter", amount="99.5")
    refused = desk.post(reverse("money-offers:add"), form)
    assert "还没有已发布的课程属于它" in refused.text
    assert 'value="99.5"' in refused.text
    included_in(membership)
    for_good = desk.post(reverse("money-offers:add"), form | {"kind": "one_off", "interval": ""})
    assert "会员有期限" in for_good.text
    assert not Offer.objects.exists()
    assert desk.post(reverse("money-offers:add"), form).status_code == 302
    offer = Offer.objects.get()
    assert (offer.interval, offer.prices.get().amount) == ("quarter", 9950)
    assert "¥99.50" in client.get("/membership/").text


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"amount": "99.001"}, "CNY 的小数点后有 2 位"),
        ({"amount": "-1"}, "价格不能小于零"),
        ({"amount": "九十九"}, "只写数字和小数点，例如 99 或 99.50。"),
        ({"amount": "NaN"}, "只写数字和小数点"),
        ({"amount": "1e2"}, "只写数字和小数点"),
        ({"amount": "1_00"}, "只写数字和小数点"),
        ({"amount": "1,000"}, "只写数字和小数点"),
        ({"amount": "9" * 31}, "最多是"),
        ({"amount": "99", "kind": "recurring"}, "自动续费"),
        ({"amount": "99", "trial_days": "7"}, "试用"),
        ({"amount": "99", "course": ""}, "课程"),
    ],
)
def test_what_cannot_be_sold_is_refused_by_the_field(desk, fields, message):
    page = course()
    form = offer_form(**({"course": page.pk, "kind": "one_off"} | fields))
    answer = desk.post(reverse("money-offers:add"), form)
    assert answer.status_code == 200
    assert message in answer.text
    assert f'value="{fields["amount"]}"' in answer.text
    assert not Offer.objects.exists()


def test_full_width_digits_are_an_amount(desk):
    form = offer_form(course=course().pk, kind="one_off", amount=" １００．５０ ")
    assert desk.post(reverse("money-offers:add"), form).status_code == 302
    assert Offer.objects.get().prices.get().amount == 10050


FAR = ("9999-12-31", "0001-01-01")


@pytest.mark.parametrize("day", FAR)
@pytest.mark.parametrize(
    ("address", "field", "more"),
    [
        (
            "money-offers:add",
            "early_until",
            {"kind": "one_off", "amount": "99", "early_amount": "9"},
        ),
        ("money-grants:give", "until", {"email": "a@example.com", "reason": "送"}),
        ("money-batches:add", "until", {"name": "a", "for_whom": "b", "size": "1", "note": "c"}),
        ("money-shares:add", "starts_on", {"percent": "10"}),
        ("money-promotions:add", "ends_at", {"code": "FAR", "percent": "10"}),
    ],
)
def test_a_day_that_nobody_means_is_refused_by_its_field(desk, address, field, more, day):
    at = f"{day} 10:00" if field == "ends_at" else day
    page = reverse(address.replace("money-shares", "insights-shares"))
    answer = desk.post(page, {"course": course().pk, field: at} | more)
    assert answer.status_code == 200
    assert "请选 2000 到 2199 年之间的日期" in answer.text


def test_two_offers_of_the_same_do_not_stand_side_by_side(desk):
    price = course_price(course())
    form = offer_form(course=price.offer.course_id, kind="one_off", amount="89")
    assert "已经有一个这样的价格方案在售" in desk.post(reverse("money-offers:add"), form).text
    Offer.objects.update(is_active=False)
    assert desk.post(reverse("money-offers:add"), form).status_code == 302


def test_only_what_is_planned_is_sold_in_advance(desk):
    form = offer_form(course=course().pk, kind="one_off", amount="99", presale="at_once")
    answer = desk.post(reverse("money-offers:add"), form)
    assert "先在课程上设好日期" in answer.text


def test_what_had_a_price_says_why_its_terms_stay(desk):
    price = course_price(course())
    shown = text_of(desk.get(reverse("money-offers:edit", args=[price.offer.pk])))
    assert "条款不再改" in shown


def test_a_new_price_replaces_the_old_one_and_orders_keep_theirs(desk):
    price = course_price(course(), amount=9900)
    order = OrderFactory(fulfilled=True, price=price)
    address = reverse("money-offers:edit", args=[price.offer.pk])
    assert 'value="99.00"' in desk.get(address).text
    form = offer_form(amount="129")
    assert desk.post(address, form).status_code == 302
    price.refresh_from_db()
    order.refresh_from_db()
    assert (price.amount, price.is_active, order.amount) == (9900, False, 9900)
    assert price.offer.prices.get(is_active=True).amount == 12900
    assert ModelLogEntry.objects.filter(action="payments.price").exists()
    assert "¥99 → ¥129" in desk.get(HISTORY).text
    last = timezone.localdate(site_clock.now()) + timedelta(days=9)
    desk.post(address, form | {"early_amount": "88", "early_until": last.isoformat()})
    assert f"¥129 · 早鸟价 ¥88 · 到 {date_format(last)}" in desk.get(HISTORY).text


def test_the_terms_of_what_was_priced_stay_whatever_is_posted(desk):
    price = membership_prices()["year"]
    form = offer_form(kind="one_off", trial_days="90", amount="365")
    desk.post(reverse("money-offers:edit", args=[price.offer.pk]), form)
    offer = Offer.objects.get(pk=price.offer.pk)
    assert (offer.kind, offer.interval, offer.trial_days) == ("recurring", "year", 7)


def test_a_form_without_what_it_sells_says_so_and_keeps_the_rest(desk):
    offer = OfferFactory()
    form = offer_form(kind="term", term_months="6", amount="99")
    answer = desk.post(reverse("money-offers:edit", args=[offer.pk]), form)
    assert answer.status_code == 200
    assert "课程、组合、会员选一个" in answer.text
    assert 'value="6"' in answer.text


def test_what_is_taken_off_sale_cannot_be_bought(desk, client):
    price = course_price(course(lessons=1))
    form = offer_form(amount="99")
    del form["is_active"]
    desk.post(reverse("money-offers:edit", args=[price.offer.pk]), form)
    assert price.offer.course
    assert "¥99" not in client.get(f"/courses/{price.offer.course.slug}/").text


# --- access by hand ------------------------------------------------------------------------------


def give_form(**fields):
    return {
        "key": str(uuid.uuid4()),
        "course": "",
        "membership": "",
        "source": "scholarship",
        "until": "",
        "reason": "乡村教师",
    } | fields


def test_a_scholarship_opens_a_course_and_says_who_gave_it_and_why(desk, buyer):
    page = course(lessons=2)
    form = give_form(email=buyer.email.upper(), course=page.pk)
    for _ in range(2):  # sent twice, given once
        assert desk.post(reverse("money-grants:give"), form).status_code == 302
    grant = Grant.objects.get()
    assert access.to_course(buyer, page).has_grant
    change = grant.changes.get()
    assert (change.actor, change.reason) == (somebody(desk), "乡村教师")
    detail = desk.get(reverse("money-grants:inspect", args=[grant.pk])).text
    assert "乡村教师" in detail
    assert somebody(desk).email in detail
    given = Grant.objects.get(learner=buyer)
    history = desk.get(HISTORY).text
    assert 'title="打开此项"' in history
    assert reverse("money-grants:inspect", args=[given.pk]) in history
    assert f"{buyer.email}&gt; · 永久 · 乡村教师" in history


def test_access_given_until_a_day_lasts_that_day(desk, buyer, clock):
    page = course()
    last = timezone.localdate(clock.now()) + timedelta(days=3)
    desk.post(
        reverse("money-grants:give"),
        give_form(email=buyer.email, course=page.pk, until=last.isoformat()),
    )
    ends = timezone.localtime(Grant.objects.get().ends_at)
    assert ends.date() == last + timedelta(days=1)
    assert (ends.hour, ends.minute) == (0, 0)
    assert f"到 {date_format(last)}" in desk.get(HISTORY).text
    clock.move(timedelta(days=4))
    assert not access.to_course(buyer, page).has_grant


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"email": "nobody@example.com"}, "没有用这个邮箱注册的人"),
        ({"email": "nonsense"}, "邮"),
        ({"until": "2020-01-01"}, "这一天已经过去"),
        ({"until": "soon"}, "日期"),
        ({"reason": ""}, "请填写这一项"),
        ({"course": "0"}, "选"),
        ({"course": "", "membership": ""}, "课程和会员选一个"),
        ({"source": "purchase"}, "选"),
    ],
)
def test_access_is_not_given_by_mistake(desk, buyer, fields, message):
    form = give_form(**({"email": buyer.email, "course": course().pk} | fields))
    answer = desk.post(reverse("money-grants:give"), form)
    assert answer.status_code == 200
    assert message in answer.text
    assert f'value="{form["email"]}"' in answer.text
    assert not Grant.objects.exists()


def test_access_given_by_hand_is_withdrawn_with_a_reason(desk, buyer):
    page = course()
    desk.post(reverse("money-grants:give"), give_form(email=buyer.email, course=page.pk))
    grant = Grant.objects.get()
    address = reverse("money-grants:withdraw", args=[grant.pk])
    assert buyer.email in desk.get(address).text
    assert desk.post(address, {"reason": ""}).status_code == 200
    assert access.to_course(buyer, page).has_grant
    for _ in range(2):
        assert desk.post(address, {"reason": "给错了人"}).status_code == 302
    assert not access.to_course(buyer, page).has_grant
    assert grant.changes.count() == 2
    assert grant.changes.values_list("reason", flat=True).first() == "给错了人"


def test_what_was_paid_for_is_not_withdrawn_by_hand(desk, shop, buyer):
    shop.buy(buyer, course_price(course()))
    grant = Grant.objects.get()
    address = reverse("money-grants:withdraw", args=[grant.pk])
    assert address not in desk.get(reverse("money-grants:inspect", args=[grant.pk])).text
    assert desk.post(address, {"reason": "x"}).status_code == 302
    grant.refresh_from_db()
    assert grant.withdrawn_at is None


@pytest.mark.parametrize("role", [roles.EDITOR, roles.MODERATOR, roles.OPERATOR])
def test_nobody_else_gives_access(role, buyer):
    answer = at_desk(role).post(
        reverse("money-grants:give"), give_form(email=buyer.email, course=course().pk)
    )
    assert answer.status_code in (302, 403)
    assert not Grant.objects.exists()


# --- why -----------------------------------------------------------------------------------------


def ask_why(desk, learner, lesson):
    query = {"email": learner.email, "lesson": lesson.pk}
    return desk.get(reverse("money-why:index"), query).text


def test_one_page_says_why_somebody_can_open_a_lesson(desk, shop, buyer):
    page = course(lessons=2)
    lesson = page.get_children().last()
    assert "打不开" in ask_why(desk, buyer, lesson)
    order = shop.buy(buyer, course_price(page))
    answer = ask_why(desk, buyer, lesson)
    assert "可以打开" in answer
    assert reverse("money-orders:inspect", args=[order.pk]) in answer
    assert order.number in answer  # the reason of the change


def test_it_names_grants_that_open_nothing_any_more_and_those_of_other_courses(desk, buyer):
    page, other = course(lessons=2), course(title="另一门课")
    now = site_clock.now()
    common = {"learner": buyer, "source_kind": "staff", "starts_at": now - timedelta(days=9)}
    grants.sync(**common, source_id="a", covers=[page], ends_at=now - timedelta(days=1), now=now)
    grants.sync(**common, source_id="b", covers=[page], withdrawn_at=now, now=now)
    grants.sync(**common, source_id="c", covers=[other], now=now)
    answer = ask_why(desk, buyer, page.get_children().last())
    for words in ("打不开", "已到期", "已收回", "另一门课", "未覆盖"):
        assert words in answer


def test_a_free_lesson_is_open_for_a_reason_of_its_own(desk, buyer):
    page = course(lessons=2, free=1)
    assert "免费" in ask_why(desk, buyer, page.get_children().first())


@pytest.mark.parametrize("query", [{"email": "x"}, {"lesson": "1"}, {"email": "", "lesson": "no"}])
def test_an_incomplete_question_is_asked_again(desk, query):
    course(lessons=1)
    answer = desk.get(reverse("money-why:index"), query)
    assert answer.status_code == 200
    assert "可以打开《" not in answer.text


def test_the_question_about_a_lesson_that_is_not_there_is_refused(desk, buyer):
    answer = desk.get(reverse("money-why:index"), {"email": buyer.email, "lesson": "987654"})
    assert answer.status_code == 200
    assert "选" in answer.text


# --- events and differences ----------------------------------------------------------------------


def test_an_event_is_replayed_and_nothing_happens_twice(desk, shop, buyer):
    shop.buy(buyer, course_price(course()))
    event = WebhookEvent.objects.filter(type="checkout.session.completed").get()
    before = (Grant.objects.count(), MoneyEntry.objects.count())
    WebhookEvent.objects.filter(pk=event.pk).update(attempts=7)
    page = desk.get(reverse("money-events:inspect", args=[event.pk])).text
    address = reverse("money-events:replay", args=[event.pk])
    assert address in page
    assert desk.get(address).status_code == 200
    assert desk.post(address).status_code == 302
    shop.deliver()
    shop.run_jobs()
    event.refresh_from_db()
    assert (event.outcome, event.attempts) == (WebhookEvent.Outcome.DONE, 1)
    assert (Grant.objects.count(), MoneyEntry.objects.count()) == before
    assert ModelLogEntry.objects.filter(action="payments.replay").exists()


def test_an_event_with_a_hostile_body_is_shown_as_words(desk):
    pk = one_of_each()["money-events"]
    WebhookEvent.objects.filter(pk=pk).update(body="<script>alert(1)</script>")
    page = desk.get(reverse("money-events:inspect", args=[pk])).text
    assert "<script>alert(1)" not in page
    assert "&lt;script&gt;" in page


def test_a_difference_is_settled_by_a_person_with_a_reason(desk):
    pk = one_of_each()["money-differences"]
    address = reverse("money-differences:settle", args=[pk])
    assert desk.post(address, {"reason": ""}).status_code == 200
    assert desk.post(address, {"reason": "银行更正"}).status_code == 302
    row = Difference.objects.get(pk=pk)
    assert row.ending == Difference.Ending.SETTLED
    assert row.ended_at
    assert row.ended_at >= NOW
    entry = ModelLogEntry.objects.get(action="payments.settle")
    assert (entry.user, entry.data["reason"]) == (somebody(desk), "银行更正")
    assert entry.label.startswith("订单 ")


@pytest.mark.parametrize(
    ("slug", "said"),
    [
        ("taken", "这个网址已被占用，请换一个。"),
        ("has space", "只能用英文字母、数字、连字符和下划线，不能有空格。"),
        ("会员", "只能用英文字母、数字、连字符和下划线，不能有空格。"),
    ],
)
@pytest.mark.parametrize("kind", ["add/", "edit"])
def test_a_memberships_address_that_is_none_is_said_and_stays_typed(kind, slug, said):
    MembershipFactory(slug="taken")
    own = MembershipFactory(slug="own")
    page = f"/admin/snippets/courses/membership/{kind if kind == 'add/' else f'edit/{own.pk}/'}"
    form = {"name": "读书会", "slug": slug, "promise": "一起读", "includes": "", "excludes": ""}
    answer = at_desk(roles.FINANCE).post(page, form)
    assert answer.status_code == 200
    assert said in answer.text
    for typed in (slug, "读书会", "一起读"):
        assert f'value="{typed}"' in answer.text
    assert not Membership.objects.filter(name="读书会").exists()
