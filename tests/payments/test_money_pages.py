"""What pages of the catalogue show of money: the paywall, a membership's first price, notices."""

from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.contrib.auth.models import AnonymousUser
from django.template import Context, Template
from django.test import RequestFactory
from django.urls import reverse

from courses.memberships import sync_included
from courses.models import CoursePage, Grant, LessonPage
from operations import clock as site_clock
from payments.models import Order, Price
from tests.factories import MembershipFactory, UserFactory, bundle, course
from tests.payments import shown
from tests.payments.factories import (
    NOW,
    DisputeFactory,
    OfferFactory,
    OrderFactory,
    PriceFactory,
    PromotionFactory,
    RefundFactory,
    ReservationFactory,
    SubscriptionFactory,
    bundle_price,
    course_price,
    membership_prices,
    sold_in_advance,
)

pytestmark = pytest.mark.django_db
FOR_GOOD = "音频配文字，点一句就从那里听，换设备接着学"


def closed(page: CoursePage) -> LessonPage:
    """Its last lesson, which is not free."""
    found: LessonPage = page.get_children().last().specific
    return found


def closed_address(page: CoursePage) -> str:
    return reverse("lesson", args=[page.slug, closed(page).slug])


def wall(client: Any, page: CoursePage) -> Any:
    soup = BeautifulSoup(client.get(closed_address(page)).content, "html.parser").select_one(
        ".paywall"
    )
    assert soup is not None
    return soup


def words(tag: Any) -> list[str]:
    return [" ".join(each.split()) for each in tag.stripped_strings]


def hrefs(tag: Any) -> list[str]:
    return [each["href"] for each in tag.select("a[href]")]


def tag(source: str, user: Any = None, **context: Any) -> str:
    """A template's words, asked by somebody; without a request where `user` is None."""
    if user is not None:
        context["request"] = RequestFactory().get("/")
        context["request"].user = user
    return Template("{% load money_pages %}" + source).render(Context(context))


# --- a promotion code that a link brought --------------------------------------------------------


def told(answer: Any, code: str) -> list[str]:
    return [line for line in shown.lines(answer) if line.startswith(code)]


def test_a_code_is_told_where_it_leads_and_kept_on_the_way_to_the_till(client):
    PromotionFactory(code="SPRING", percent=20)
    page = course(lessons=2)
    price, together = course_price(page), bundle(page)
    bundle_price(together)
    next_page = "SPRING：下一页显示优惠后的价格"
    assert told(client.get(page.get_absolute_url()), "SPRING") == []
    assert told(client.get(f"{page.get_absolute_url()}?code=spring"), "SPRING") == [next_page]
    for address in (
        page.get_absolute_url(),
        closed_address(page),
        together.get_absolute_url(),
    ):
        assert told(client.get(address), "SPRING") == [next_page]
    assert "¥79.20" in client.get(reverse("payments_buy", args=[price.offer.key])).text


def test_what_is_no_code_is_not_promised(client, settings):
    page = course(lessons=2)
    course_price(page)
    address = page.get_absolute_url()
    answer = client.get(f"{address}?code=NOPE")
    assert told(answer, "NOPE") == ["NOPE：没有这个优惠码。请再看看字母和数字。"]
    assert told(client.get(address), "NOPE") == []
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"promotion_code": "1/m/ip"}
    PromotionFactory(code="SPRING")
    found = [bool(told(client.get(f"{address}?code=SPRING"), "SPRING")) for _ in range(2)]
    assert found == [True, False]  # beyond the limit nothing is looked up


def test_a_code_that_one_may_not_use_is_refused_where_it_leads(me, client, shop, buyer):
    spring = PromotionFactory(code="SPRING")
    shop.buy(buyer, course_price(course(lessons=1)), spring)
    page = course(lessons=2)
    together = bundle(page)
    course_price(page)
    bundle_price(together)
    PromotionFactory(code="FIRST", first_purchase_only=True)
    gone = PromotionFactory(code="GONE", max_uses=1)
    shop.buy(UserFactory(), course_price(course(lessons=1)), gone)
    for address in (page.get_absolute_url(), together.get_absolute_url()):
        for code, refused in (
            ("SPRING", "你已经用过这个优惠码。"),
            ("FIRST", "这个优惠码仅限首次购买。"),
            ("GONE", "这个优惠码已经用完了。"),
        ):
            assert told(me.get(f"{address}?code={code}"), code) == [f"{code}：{refused}"]
        assert told(client.get(f"{address}?code=FIRST"), "FIRST") == [
            "FIRST：下一页显示优惠后的价格"
        ]


def test_a_code_that_was_used_on_the_way_is_no_longer_in_hand(me, shop, buyer):
    page = course(lessons=1)
    price = course_price(page)
    membership_prices()
    spring = PromotionFactory(code="SPRING")
    me.get(f"{page.get_absolute_url()}?code=SPRING")
    assert "SPRING" in me.get(reverse("membership")).text
    shop.buy(buyer, price, spring)
    answer = me.get(reverse("membership"))
    assert not BeautifulSoup(answer.content, "html.parser").select("details[open], .field-errors")
    assert "SPRING" not in answer.text


def test_a_closed_lesson_sells_nothing_again_that_a_wallet_is_to_confirm(me, buyer):
    page = course(lessons=2)
    order = OrderFactory(buyer=buyer, price=course_price(page), is_confirming=True)
    found = wall(me, page)
    assert hrefs(found) == [reverse("order", args=[order.key])]
    assert "¥99" not in found.text
    lesson = me.get(closed_address(page)).text
    assert "你付的 ¥99 正在等待确认" in lesson
    assert lesson.count("查看订单") == 1


# --- the paywall ---------------------------------------------------------------------------------


def test_a_paywall_is_written_out(client, me):
    page = course(title="慢慢变强", lessons=3, free=1, promise="听完你会做三件事。")
    lesson = closed(page)
    lesson.question = "为什么要慢"
    lesson.save()
    price = course_price(page)
    tag_ = wall(client, page)
    free = page.get_children()[0]
    here = reverse("lesson", args=[page.slug, lesson.slug])
    assert words(tag_)[:5] == [
        *("这一讲回答", "为什么要慢", "听完你会做三件事。"),
        *("3 讲，一直可听", FOR_GOOD),
    ]
    assert {"¥99", "¥99 买这门课"} <= set(words(tag_))
    assert hrefs(tag_)[:2] == [
        f"{reverse('payments_buy', args=[price.offer.key])}?from={lesson.pk}",
        reverse("lesson", args=[page.slug, free.slug]),
    ]
    assert hrefs(tag_)[-1] == f"/account/login/?next={here.replace('/', '%2F')}"
    assert words(tag_)[-1] == "已购买？登录"
    assert "不合适可以退，看退款规则" in words(tag_)
    assert "已购买？登录" not in words(wall(me, page))


def test_a_paywall_asks_the_title_where_there_is_no_question_and_counts_what_is_planned(client):
    page = course(lessons=2, free=0, planned_lessons=5)
    course_price(page)
    found = words(wall(client, page))
    assert found[1] == closed(page).title
    assert found[2] == "5 讲，一直可听（已更新 2 讲）"
    assert not any("免费听" in each for each in found)
    CoursePage.objects.filter(pk=page.pk).update(planned_lessons=2)
    assert words(wall(client, page))[2] == "2 讲，一直可听"


def test_a_free_course_is_enrolled_in_by_who_is_signed_in(client, me):
    page = course(lessons=2, free=1)
    price = course_price(page, amount=0)
    mine, visitors = wall(me, page), wall(client, page)
    assert [each["value"] for each in mine.select("input[name=price]")] == [str(price.key)]
    assert visitors.select("input[name=price]") == []
    assert words(visitors)[-1] == "已加入？登录"
    assert {"免费", "免费加入"} <= set(words(visitors))
    assert "不合适可以退，看退款规则" not in words(visitors)
    assert f"{reverse('payments_buy', args=[price.offer.key])}?from={closed(page).pk}" in hrefs(
        visitors
    )


def test_an_early_price_says_what_follows(client):
    page = course(lessons=2)
    price = course_price(page)
    PriceFactory(offer=price.offer, amount=7900, ends_at=site_clock.now() + timedelta(days=3))
    found = words(wall(client, page))
    assert {"¥79", "¥99", "¥79 买这门课"} <= set(found)
    assert any(each.startswith("早鸟价") for each in found)


def test_what_a_membership_or_a_bundle_opens_says_so(client):
    page, other, alone = (course(lessons=2) for _ in range(3))
    membership = membership_prices()["month"].offer.membership
    for each in (page, alone):
        each.memberships.add(membership)
        each.save()
        sync_included(each, now=site_clock.now())
    course_price(page)
    both = bundle(page, other, title="两门")
    bundle_price(both)
    course_price(other)
    found = wall(client, page)
    assert any(each.startswith("会员可听") for each in words(found))
    assert f"/membership/?from={closed(page).pk}" in hrefs(found)
    assert "组合「两门」¥149" in words(found)
    assert f"{reverse('bundle', args=[both.slug])}?from={closed(page).pk}" in hrefs(found)
    by_membership = words(wall(client, alone))
    assert {"看看会员", "可先试 7 天"} <= set(by_membership)
    assert "买这门课" not in "".join(by_membership)


# --- the membership's price ----------------------------------------------------------------------


FIRST = "{% membership_price as price %}{{ price.amount }} {{ price.currency }}"


def test_the_first_membership_on_sale_gives_its_first_price(settings, rf):
    settings.CURRENCIES = ["CNY", "USD"]
    assert tag(FIRST).strip() == ""
    late = OfferFactory(membership=MembershipFactory(sort_order=2), sort_order=0)
    PriceFactory(offer=late, amount=100)
    PriceFactory(offer=late, amount=50, currency="USD")
    early = MembershipFactory(sort_order=1)
    PriceFactory(offer=OfferFactory(membership=early, interval="month", sort_order=2), amount=300)
    first = OfferFactory(membership=early, interval="year", sort_order=1)
    PriceFactory(offer=first, amount=200)
    hidden = MembershipFactory(is_for_sale=False, sort_order=0)
    PriceFactory(offer=OfferFactory(membership=hidden), amount=1)
    course_price(course(), amount=2)
    assert tag(FIRST, AnonymousUser()) == tag(FIRST) == "200 CNY"
    request = rf.get("/")
    request.user = AnonymousUser()
    request.COOKIES["rz_currency"] = "USD"
    twice = Template("{% load money_pages %}" + FIRST + "|" + FIRST)
    assert twice.render(Context({"request": request})) == "200 CNY|200 CNY"
    month = Price.objects.get(amount=300).offer
    PriceFactory(offer=month, amount=40, currency="USD")
    other = rf.get("/")
    other.user, other.COOKIES["rz_currency"] = AnonymousUser(), "USD"
    assert twice.render(Context({"request": other})) == "40 USD|40 USD"
    Price.objects.update(is_active=False)
    assert twice.render(Context({"request": other})) == "40 USD|40 USD"


# --- notices -------------------------------------------------------------------------------------


NOTICES = (
    "{% membership_notice as a %}{{ a.kind }},{% failing_notice as b %}{{ b.kind }},"
    "{% reservation_of course as c %}{{ c.amount }},{% closed_notice course as d %}{{ d.kind }}"
)


def test_nobody_but_a_learner_is_told_how_things_stand(buyer):
    page = course()
    for user in (None, AnonymousUser(), buyer):
        assert tag(NOTICES, user, course=page) == ",,,"


def test_a_failing_renewal_is_told_everywhere(buyer):
    row = SubscriptionFactory(learner=buyer, status="past_due")
    assert tag(NOTICES, buyer, course=course()) == "warn,warn,,warn"
    assert tag(NOTICES, AnonymousUser(), course=course()) == ",,,"
    row.status, row.collection_paused = "active", True
    row.object = {"latest_invoice": {"billing_reason": "subscription_cycle", "status": "void"}}
    row.save()
    assert tag(NOTICES, buyer, course=course()).split(",")[1] == ""


def test_a_reserved_course_says_so_before_anything_else(buyer):
    price = sold_in_advance()
    order = OrderFactory(buyer=buyer, price=price, status=Order.Status.RESERVED)
    ReservationFactory(order=order)
    SubscriptionFactory(learner=buyer, status="past_due")
    page = price.offer.course
    assert tag(NOTICES, buyer, course=page) == "warn,warn,¥99,ok"
    assert tag(NOTICES, AnonymousUser(), course=page) == ",,,"
    assert tag(NOTICES, buyer, course=course()) == "warn,warn,,warn"


def test_why_a_course_is_closed_is_told(buyer):
    page = course()
    order = OrderFactory(fulfilled=True, buyer=buyer, price=course_price(page))
    DisputeFactory(order=order, payment_intent_id=order.payment_intent_id)
    assert tag(NOTICES, buyer, course=page) == ",,,warn"
    again = course()
    back = OrderFactory(
        fulfilled=True, buyer=buyer, price=course_price(again), status=Order.Status.REFUNDED
    )
    RefundFactory(order=back)
    assert tag(NOTICES, buyer, course=again) == ",,,info"
    Grant.objects.create(
        learner=buyer,
        membership=MembershipFactory(),
        source_kind=Grant.Source.STAFF,
        source_id="staff-1",
        starts_at=NOW - timedelta(days=90),
        ends_at=site_clock.now() - timedelta(days=2),
    )
    assert tag(NOTICES, buyer, course=course()) == "info,,,info"
