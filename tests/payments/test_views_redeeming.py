"""A code at the door: typed or brought, looked at by anybody, redeemed by who is signed in."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.urls import reverse
from django.utils import timezone

from courses.models import CoursePage, Grant
from operations import clock as site_clock
from pages import dates
from payments import batches, codes, gifts
from payments.models import Gift, Order, RedeemCode
from tests.accounts.browser import text_of
from tests.factories import MembershipFactory, UserFactory, course, lesson
from tests.payments import shown
from tests.payments.factories import (
    NOW,
    GiftFactory,
    OrderFactory,
    RedeemBatchFactory,
    RedeemCodeFactory,
    course_price,
    planned_course,
)
from tests.payments.test_pages import signed_in

pytestmark = pytest.mark.django_db
NO_SUCH = "没有这个兑换码。如果后来又收到新的邮件或链接，请用新的那个。"
MISTYPED = "没有这个兑换码。请逐个字符核对。"


def soon(**by: float) -> datetime:
    return site_clock.now() + timedelta(**by)


def day(at: datetime) -> str:
    with timezone.override("Asia/Shanghai"):
        return dates.day(at, now=site_clock.now())


def gift_of(page: CoursePage, **fields: Any) -> Gift:
    order = OrderFactory(fulfilled=True, price=course_price(page), purpose=Order.Purpose.GIFT)
    made: Gift = GiftFactory(order=order, **fields)
    return made


def code_for(page: CoursePage | None = None, **batch: Any) -> RedeemCode:
    batch = {"course": page, "redeemable_until": soon(days=30)} | batch
    made: RedeemCode = RedeemCodeFactory(batch=RedeemBatchFactory(**batch))
    return made


def spelt(voucher: Gift | RedeemCode) -> str:
    code = gifts.code_of(voucher) if isinstance(voucher, Gift) else batches.code_of(voucher)
    return codes.shown(code)


def door(voucher: Gift | RedeemCode, name: str = "redeem_code") -> str:
    return reverse(name, args=[spelt(voucher)])


def unknown() -> str:
    """Well written, and nobody's."""
    key = RedeemBatchFactory.build(made_by=None, course=None).key
    return codes.shown(codes.derive(key, 7))


def holds(person: Any, **fields: Any) -> None:
    Grant.objects.create(
        **{
            "learner": person,
            "source_kind": Grant.Source.STAFF,
            "source_id": f"staff-{Grant.objects.count()}",
            "starts_at": NOW,
        }
        | fields
    )


# --- where it is typed ---------------------------------------------------------------------------


def test_a_code_is_typed_however_and_leads_to_its_page(client):
    voucher = code_for(course())
    page = client.get("/redeem/")
    assert shown.filled(page) == {"code": ""}
    assert shown.wrong(page) == {}
    assert (page["Cache-Control"], page["X-Robots-Tag"]) == ("private, no-store", "noindex")
    typed = spelt(voucher).replace("-", " ").lower()
    assert client.post("/redeem/", {"code": typed})["Location"] == door(voucher)
    answer = client.post("/redeem/", {"code": spelt(voucher)[:-1]})
    assert (answer.status_code, shown.wrong(answer)) == (200, {"code": [MISTYPED]})
    assert shown.wrong(client.post("/redeem/"))["code"] != [MISTYPED]
    assert client.put("/redeem/").status_code == 405


def test_a_code_that_is_nobodys_is_not_found_nor_tried_without_end(client, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"redeem": "1/h/ip"}
    voucher = code_for(course())
    bad = reverse("redeem_code", args=["nonsense"])
    for _ in range(3):
        answer = client.get(bad)
        assert (answer.status_code, shown.wrong(answer)) == (404, {"code": [MISTYPED]})
    assert client.get(door(voucher)).status_code == 200
    answer = client.get(reverse("redeem_code", args=[unknown()]))
    assert (answer.status_code, shown.wrong(answer)) == (404, {"code": [NO_SUCH]})
    assert answer["X-Robots-Tag"] == "noindex"
    for address in (door(voucher), door(voucher, "gift_card")):
        assert client.get(address).status_code == 429
    assert client.post(door(voucher)).status_code == 429


# --- what it opens -------------------------------------------------------------------------------


def test_a_gift_is_shown_to_a_visitor_with_its_words(client):
    page = course(title="慢慢变强")
    ends = soon(days=30)
    gift = gift_of(page, message="学到第四讲", claimable_until=ends)
    answer = client.get(door(gift))
    text = shown.lines(answer)
    assert text[:3] == ["慢慢变强", "林岚送你的", "学到第四讲"]
    assert "领取后长期有效。" in text
    last = day(ends - timedelta(seconds=1))
    assert any(last in each for each in text)
    query = f"?next=%2Fredeem%2F{spelt(gift)}%2F"
    assert f'href="/account/signup/{query}"' in answer.text
    assert f'href="/account/login/{query}"' in answer.text
    assert shown.filled(answer) == {}
    assert '<form method="post"' not in answer.text
    assert answer["Cache-Control"] == "private, no-store"
    assert client.put(door(gift)).status_code == 405


def test_the_last_day_is_the_one_before_midnight(client):
    midnight = timezone.localtime(soon(days=5)).replace(hour=0, minute=0, second=0, microsecond=0)
    text = text_of(client.get(door(code_for(course(), redeemable_until=midnight))))
    assert day(midnight - timedelta(days=1)) in text
    assert day(midnight) not in text


def test_whoever_bought_a_seat_sees_who_has_it_and_the_page_says_so(me, buyer):
    page = course()
    order = OrderFactory(fulfilled=True, price=course_price(page), purpose="seats", quantity=2)
    seat = code_for(page, order=order, made_by=None)
    batch = code_for(course())
    told = "购买者会看到你公开的名字和兑换时间"
    assert told in text_of(me.get(door(seat)))
    assert told not in text_of(me.get(door(batch)))
    assert told not in text_of(me.get(door(gift_of(course(), claimable_until=soon(days=3)))))
    assert buyer.email in text_of(me.get(door(seat)))


def test_looking_redeems_nothing_and_a_tap_does(me, client, buyer):
    page = course()
    lesson(page)
    voucher = code_for(page)
    assert me.get(door(voucher)).status_code == 200
    assert client.post(door(voucher))["Location"] == f"/account/login/?next={door(voucher)}"
    assert not Grant.objects.exists()
    assert me.post(door(voucher))["Location"] == door(voucher)
    grant = Grant.objects.get()
    assert (grant.learner, grant.course, grant.source_kind) == (buyer, page, "redeem_code")
    answer = me.get(door(voucher))
    assert "长期有效。" in shown.lines(answer)
    assert f'href="{reverse("lesson", args=[page.slug, page.get_children()[0].slug])}"' in (
        answer.text
    )
    assert "这个兑换码已经用过了。" in shown.lines(client.get(door(voucher)))
    other = signed_in(UserFactory())
    other.post(door(voucher))
    assert "这个兑换码已经用过了。" in shown.lines(other.get(door(voucher)))
    assert Grant.objects.count() == 1


def test_what_was_redeemed_in_advance_leads_to_its_course(me, buyer):
    page = planned_course()
    voucher = code_for(page)
    me.post(door(voucher))
    answer = me.get(door(voucher))
    assert "去看这门课" in shown.lines(answer)
    assert f'href="{page.get_absolute_url()}"' in answer.text


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"withdrawn_at": NOW}, "这个兑换码已收回。请问问给你的人。"),
        ({"taken_back_at": NOW}, "这个兑换码已收回。请问问给你的人。"),
        ({"claimable_until": NOW}, "兑换期限已过，这个码不能再用。"),
    ],
)
def test_why_a_gift_opens_nothing_is_said(client, me, fields, words):
    gift = gift_of(course(), **fields)
    for browser in (client, me):
        text = shown.lines(browser.get(door(gift)))
        assert words in text
        assert "换一个兑换码" in text
    assert me.post(door(gift))["Location"] == door(gift)
    assert not Grant.objects.exists()


# --- who has it already --------------------------------------------------------------------------


def test_who_has_a_gifts_course_may_take_another_of_its_price(me, buyer, client):
    given, other, dear = course(title="有了的"), course(title="同价的"), course(title="贵的")
    gift = gift_of(given, claimable_until=soon(days=30))
    course_price(other)
    course_price(dear, amount=12900)
    holds(buyer, course=given)
    answer = me.get(door(gift))
    assert "你已经有了。兑换码还没有用，可以转给别人。" in shown.lines(answer)
    assert shown.filled(answer) == {"instead": str(other.pk)}
    assert "贵的" not in shown.lines(answer)
    assert "同价的" not in shown.lines(client.get(door(gift)))
    for nonsense in ("", "x", "²", f"{other.pk}x", "1" * 10, "0" * 9 + str(other.pk), str(dear.pk)):
        me.post(door(gift), {"instead": nonsense})
        assert Grant.objects.count() == 1, nonsense
    me.post(door(gift), {"instead": str(other.pk).zfill(9)})
    assert Grant.objects.get(source_kind="gift").course == other


def test_who_has_a_codes_course_is_offered_no_other(me, buyer):
    page, other = course(), course(title="同价的")
    course_price(page)
    course_price(other)
    holds(buyer, course=page)
    answer = me.get(door(code_for(page)))
    assert "你已经有了。兑换码还没有用，可以转给别人。" in shown.lines(answer)
    assert shown.filled(answer) == {}


def test_a_member_reads_when_a_code_is_good_again(me, client, buyer):
    membership = MembershipFactory()
    until, last = soon(days=10), soon(days=20)
    voucher = code_for(None, membership=membership, months=6, redeemable_until=last)
    short = code_for(None, membership=membership, months=6, redeemable_until=until)
    holds(buyer, membership=membership, ends_at=until)
    second = timedelta(seconds=1)
    told = f"你已拥有它，到 {day(until - second)}为止。之后可以再兑换，最晚 {day(last - second)}"
    assert told in text_of(me.get(door(voucher)))
    usual = "你已经有了。兑换码还没有用，可以转给别人。"
    assert usual in shown.lines(me.get(door(short)))
    assert usual not in shown.lines(client.get(door(voucher)))
    Grant.objects.update(ends_at=None)
    assert usual in shown.lines(me.get(door(voucher)))


# --- the card ------------------------------------------------------------------------------------


def test_the_card_is_a_picture_for_who_has_the_code(client):
    gift = gift_of(course(), claimable_until=soon(days=3))
    answer = client.get(door(gift, "gift_card"))
    assert (answer.status_code, answer["Content-Type"]) == (200, "image/png")
    assert answer.content.startswith(b"\x89PNG")
    assert (answer["Cache-Control"], answer["X-Robots-Tag"]) == ("private, no-store", "noindex")
    assert client.post(door(gift, "gift_card")).status_code == 405
    assert client.get(door(code_for(course()), "gift_card")).status_code == 404
    assert client.get(reverse("gift_card", args=["nonsense"])).status_code == 404
    assert client.get(reverse("gift_card", args=[unknown()])).status_code == 404
    Gift.objects.update(taken_back_at=NOW)
    assert client.get(door(gift, "gift_card")).status_code == 404
