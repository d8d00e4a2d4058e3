"""Redeem codes: how they are written, what they open, and that each opens it once."""

import re
import uuid
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from wagtail.models import ModelLogEntry

from accounts import privacy, roles
from accounts.models import OutboxMessage
from courses import access
from courses.models import Grant
from operations import clock as site_clock
from pages import dates
from payments import batches, code_tables, codes, redeeming
from payments.models import Order, RedeemBatch, RedeemCode
from tests.accounts.browser import sign_up, text_of
from tests.factories import MembershipFactory, UserFactory, course
from tests.payments.factories import batch_of, course_price, membership_prices
from tests.payments.staff import at_desk, csv_rows, somebody
from tests.payments.test_pages import signed_in

pytestmark = pytest.mark.django_db


def page_of(code: str) -> str:
    return reverse("redeem_code", args=[code])


def one_code(**fields) -> str:
    fields.setdefault("redeemable_until", site_clock.now() + timedelta(days=90))
    return batch_of(1, **fields)[1][0]


def test_a_redeemed_membership_stands_among_ones_own_with_its_last_day(shop, buyer, me):
    prices = membership_prices()
    order = shop.buy(buyer, prices["month"])
    me.post(reverse("subscription_cancel", args=[order.subscription.pk]))
    shop.advance(days=40)
    assert "会员已于" in text_of(me.get(reverse("orders")))
    code = one_code(membership=prices["month"].offer.membership, months=6)
    me.post(page_of(code))
    ends = Grant.objects.get(source_kind="redeem_code").ends_at
    assert ends
    shown = text_of(me.get(reverse("orders")))
    assert f"到 {dates.day(ends, now=site_clock.now())}" in shown
    assert "兑换码" in shown
    for page in (
        reverse("orders"),
        reverse("subscription", args=[order.subscription.pk]),
        reverse("order", args=[order.key]),
    ):
        assert "会员已于" not in text_of(me.get(page))


# --- how a code is written -----------------------------------------------------------------------


def test_codes_have_twelve_characters_that_are_not_taken_for_others():
    found = {codes.derive(uuid.uuid4(), serial) for serial in range(500)}
    assert len(found) == 500
    assert {len(code) for code in found} == {12}
    assert not set("".join(found)) & set("01ILO")


@pytest.mark.parametrize(
    "typed",
    [
        "{}",
        "  {}  ",
        "{lower}",
        "{bare}",
        "{spaced}",
        "{wide}",
        "{dashed}",
    ],
)
def test_a_code_is_read_however_it_is_typed(typed):
    bare = codes.derive(uuid.uuid4(), 1)
    code = codes.shown(bare)
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in code)
    ways = {
        "bare": bare,
        "lower": code.lower(),
        "spaced": " ".join(bare),
        "wide": wide,
        "dashed": code.replace("-", "—"),
    }
    assert codes.read(typed.format(code, **ways)) == bare


def test_one_wrong_character_or_two_exchanged_are_noticed_without_asking():
    code = codes.derive(uuid.uuid4(), 1)
    wrong = {
        code[:place] + letter + code[place + 1 :]
        for place in range(len(code))
        for letter in codes.ALPHABET
    } - {code}
    for place in range(len(code) - 1):
        pair = code[place + 1] + code[place]
        wrong.add(code[:place] + pair + code[place + 2 :])
    wrong.discard(code)
    for each in wrong:
        with pytest.raises(codes.Mistyped):
            codes.read(each)


@pytest.mark.parametrize("typed", ["", "-", "abc", "兑换码", "A" * 13, "\x00" * 12, "0O1I" * 3])
def test_what_is_no_code_is_refused(typed):
    with pytest.raises(codes.Mistyped):
        codes.read(typed)


def test_the_database_alone_gives_no_code_away(settings):
    batch, (code,) = batch_of(1)
    kept = repr(list(RedeemCode.objects.values())) + repr(list(RedeemBatch.objects.values()))
    assert codes.read(code) not in kept
    assert code not in kept
    settings.SECRET_KEY = "another"
    assert batches.code_of(batch.codes.get()) == ""
    with pytest.raises(redeeming.Unknown):
        redeeming.find(codes.read(code))


def test_codes_outlive_a_change_of_the_secret_key(settings, buyer):
    batch, (code,) = batch_of(1, redeemable_until=site_clock.now() + timedelta(days=1))
    settings.SECRET_KEY_FALLBACKS = [settings.SECRET_KEY]
    settings.SECRET_KEY = "another"
    assert codes.shown(batches.code_of(batch.codes.get())) == code
    redeeming.redeem(code=codes.read(code), learner=buyer, now=site_clock.now())


# --- redeeming -----------------------------------------------------------------------------------


def test_typed_or_by_a_link_one_button_opens_the_course(buyer, run_jobs):
    page = course(title="一群人的生意", lessons=2)
    code = one_code(course=page)
    me = signed_in(buyer)
    typed = me.post(reverse("redeem"), {"code": code.lower().replace("-", " ")})
    assert typed.status_code == 302
    assert typed["Location"] == page_of(code)
    shown = me.get(typed["Location"])
    assert "一群人的生意" in text_of(shown)
    assert "no-store" in shown["Cache-Control"]
    assert not Grant.objects.exists()  # looking opens nothing
    assert me.head(page_of(code)).status_code == 200
    assert not Grant.objects.exists()
    done = me.post(page_of(code), follow=True)
    assert "已经开通" in text_of(done)
    assert reverse("lesson", args=[page.slug, "00"]) in done.text
    grant = Grant.objects.get()
    assert (grant.source_kind, grant.learner, grant.course) == ("redeem_code", buyer, page)
    assert grant.ends_at is None
    row = RedeemCode.objects.get()
    assert (row.redeemed_by, grant.source_id) == (buyer, row.source_id)
    assert access.to_course(buyer, page, now=site_clock.now()).has_grant


def test_a_membership_is_open_for_its_months_from_the_day_it_is_redeemed(buyer, clock):
    membership = MembershipFactory()
    code = one_code(membership=membership, months=3)
    clock.move(timedelta(days=40))
    now = site_clock.now()
    signed_in(buyer).post(page_of(code))
    grant = Grant.objects.get()
    assert grant.membership == membership
    assert grant.starts_at >= now
    assert grant.ends_at is not None
    assert timedelta(days=88) < grant.ends_at - grant.starts_at < timedelta(days=93)


def test_somebody_new_signs_up_comes_back_and_redeems_with_one_tap(client):
    code = one_code()
    shown = client.get(page_of(code))
    [there] = re.findall(r'button-primary" href="([^"]+)"', shown.text)
    assert there.startswith("/account/signup/?next=")
    assert client.get(there).status_code == 200
    landed = sign_up(client, "new@example.com", next=page_of(code))
    assert landed["Location"] == page_of(code)
    assert not Grant.objects.exists()
    client.post(page_of(code))
    assert Grant.objects.get().learner.email == "new@example.com"


def test_a_visitor_who_posts_is_led_to_sign_in_and_nothing_is_used(client):
    code = one_code()
    answer = client.post(page_of(code))
    assert answer["Location"] == f"/account/login/?next={page_of(code)}"
    assert RedeemCode.objects.get().redeemed_at is None


def test_whoever_has_it_is_told_so_and_the_code_is_kept(shop, buyer):
    page = course(lessons=1)
    shop.buy(buyer, course_price(page))
    code = one_code(course=page)
    me = signed_in(buyer)
    for answer in (me.get(page_of(code)), me.post(page_of(code), follow=True)):
        assert "你已经有了。兑换码还没有用，可以转给别人。" in text_of(answer)
    assert RedeemCode.objects.get().redeemed_at is None
    other = signed_in(UserFactory())
    assert "已经开通" in text_of(other.post(page_of(code), follow=True))


def test_whoever_has_a_term_is_told_when_the_next_code_can_be_redeemed(buyer):
    ends = site_clock.now() + timedelta(days=200)
    membership = MembershipFactory()
    _batch, (first, second) = batch_of(2, membership=membership, months=1, redeemable_until=ends)
    me = signed_in(buyer)
    me.post(page_of(first))
    assert "之后可以再兑换" in text_of(me.get(page_of(second)))
    RedeemBatch.objects.update(redeemable_until=site_clock.now() + timedelta(days=9))
    told = text_of(me.get(page_of(second)))
    assert "之后可以再兑换" not in told
    assert "转给别人" in told


def test_a_member_may_redeem_a_course_to_keep_it(shop, buyer):
    page = course(lessons=1)
    price = membership_prices()["month"]
    page.memberships.add(price.offer.membership)
    page.save_revision().publish()
    shop.buy(buyer, price)
    signed_in(buyer).post(page_of(one_code(course=page)))
    assert Grant.objects.filter(course=page, source_kind="redeem_code").exists()


def test_used_revoked_late_and_wrong_codes_each_say_so(buyer, client, clock):
    now = site_clock.now()
    used, revoked, late = one_code(), one_code(), one_code()
    redeeming.redeem(code=codes.read(used), learner=UserFactory(), now=now)
    staff = UserFactory()
    _used, second, third = RedeemBatch.objects.order_by("pk")
    batches.revoke(second, reason="活动取消", actor=staff, now=now)
    RedeemBatch.objects.filter(pk=third.pk).update(redeemable_until=now)
    me = signed_in(buyer)
    for code, words in (
        (used, "这个兑换码已经用过了"),
        (revoked, "这个兑换码已收回"),
        (late, "兑换期限已过"),
        (codes.shown(codes.derive(uuid.uuid4(), 1)), "没有这个兑换码"),
        ("ABCD", "没有这个兑换码"),
    ):
        for answer in (me.get(page_of(code)), me.post(page_of(code), follow=True)):
            assert words in text_of(answer), code
    assert Grant.objects.exclude(learner__in=[buyer]).count() == 1
    assert not Grant.objects.filter(learner=buyer).exists()


def test_a_mistyped_code_stays_in_the_field(client):
    answer = client.post(reverse("redeem"), {"code": "abcd-<b>"})
    assert answer.status_code == 200
    assert 'value="abcd-&lt;b&gt;"' in answer.text
    assert "没有这个兑换码" in text_of(answer)


def test_guessing_is_stopped_and_a_wrong_letter_is_no_guess(client, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"redeem": "3/m/ip"}
    code = one_code()
    for _ in range(5):
        assert client.get(page_of("ABCD-EFGH-JKMN")).status_code in (404, 200)
    assert client.get(page_of(code)).status_code == 200
    for _ in range(3):
        assert client.get(page_of(codes.shown(codes.derive(uuid.uuid4(), 7)))).status_code == 404
    refused = client.get(page_of(code))  # else a guess that hits would be told from others
    assert refused.status_code == 429
    assert client.get(page_of(code), REMOTE_ADDR="203.0.113.9").status_code == 200


def test_redeemed_twice_by_the_same_person_it_is_the_same(buyer):
    code, me = one_code(), signed_in(buyer)
    for _ in range(2):
        assert "已经开通" in text_of(me.post(page_of(code), follow=True))
    assert Grant.objects.get().changes.count() == 1


def test_who_redeemed_a_code_is_not_sold_the_same_again(shop, buyer):
    page = course()
    order = shop.begin(buyer, course_price(page))
    signed_in(buyer).post(page_of(one_code(course=page)))
    shop.pay(order)
    shop.deliver()
    order.refresh_from_db()
    assert order.status == Order.Status.REFUNDED
    assert Grant.objects.filter(withdrawn_at=None).get().source_kind == "redeem_code"


def test_a_year_of_membership_may_follow_a_term_that_a_code_opened(shop, buyer, clock):
    price = membership_prices()["term"]
    code = one_code(membership=price.offer.membership, months=1)
    signed_in(buyer).post(page_of(code))
    ends = Grant.objects.get().ends_at
    clock.move(timedelta(days=10))
    order = shop.buy(buyer, price)
    assert (order.status, order.starts_at) == (Order.Status.FULFILLED, ends)


# --- finance -------------------------------------------------------------------------------------


def batch_form(**fields):
    until = (site_clock.now() + timedelta(days=30)).date().isoformat()
    blank = {"for_whom": "", "course": "", "membership": "", "months": "", "reference": ""}
    given = {"name": "读书节", "size": "3", "until": until, "note": "活动"}
    return blank | given | fields


def test_finance_makes_a_batch_and_hands_it_out_as_a_table_more_than_once(buyer):
    desk = at_desk(roles.FINANCE)
    page = course(title="慢慢变强", lessons=1)
    form = batch_form(course=page.pk, name="=1+1", for_whom="某公司", reference="F-2026-11")
    made = desk.post(reverse("money-batches:add"), form)
    batch = RedeemBatch.objects.get()
    assert made["Location"] == reverse("money-batches:inspect", args=[batch.pk])
    assert batch.codes.count() == 3
    assert ModelLogEntry.objects.get(action="payments.make_codes").data["reason"] == "活动"
    address = reverse("money-batches:csv", args=[batch.pk])
    first, again = csv_rows(desk, address), csv_rows(desk, address)
    assert first == again
    assert [row["编号"] for row in first] == ["1", "2", "3"]
    assert {row["状态"] for row in first} == {"未兑换"}
    link = first[1]["链接"]
    me = signed_in(buyer)
    assert "慢慢变强" in text_of(me.get(link))
    me.post(link)
    [_, used, _] = csv_rows(desk, address)
    assert (used["状态"], used["兑换人"]) == ("已兑换", buyer.email)
    told = ModelLogEntry.objects.filter(action="accounts.export", user=somebody(desk))
    assert told.count() == 3


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"size": "10001"}, "10000"),
        ({"size": "0"}, "最少是 1"),
        ({"until": "2020-01-01"}, "这一天已经过去"),
        ({"until": ""}, "请填写这一项"),
        ({"course": ""}, "课程和会员选一个。"),
        ({"membership": "{membership}"}, "课程和会员选一个，不能都选"),
        ({"course": "", "membership": "{membership}"}, "月数"),
        ({"name": ""}, "请填写这一项"),
        ({"note": ""}, "请填写这一项"),
    ],
)
def test_a_batch_that_cannot_be_is_refused_by_the_field(fields, message):
    membership = MembershipFactory()
    fields = {name: value.format(membership=membership.pk) for name, value in fields.items()}
    form = batch_form(**({"course": str(course().pk)} | fields))
    answer = at_desk(roles.FINANCE).post(reverse("money-batches:add"), form)
    assert answer.status_code == 200
    assert message in answer.text
    assert not RedeemBatch.objects.exists()


def test_a_batch_is_taken_back_and_what_was_redeemed_stays(buyer):
    desk = at_desk(roles.FINANCE)
    until = site_clock.now() + timedelta(days=9)
    batch, (used, unused) = batch_of(2, redeemable_until=until)
    signed_in(buyer).post(page_of(used))
    address = reverse("money-batches:revoke", args=[batch.pk])
    assert "1 个还没兑换" in text_of(desk.get(address))
    assert desk.post(address, {"reason": ""}).status_code == 200
    desk.post(address, {"reason": "活动取消"})
    assert ModelLogEntry.objects.get(action="payments.revoke_codes").data["reason"] == "活动取消"
    assert "已收回" in text_of(signed_in(UserFactory()).post(page_of(unused), follow=True))
    assert Grant.objects.get().withdrawn_at is None
    assert desk.get(address).status_code == 302


def test_what_was_redeemed_is_not_called_revoked_and_who_revoked_the_rest_is_told(buyer):
    desk = at_desk(roles.FINANCE)
    batch, (used, _unused) = batch_of(2, redeemable_until=site_clock.now() + timedelta(days=9))
    signed_in(buyer).post(page_of(used))
    desk.post(reverse("money-batches:revoke", args=[batch.pk]), {"reason": "活动取消"})
    first, second = batch.codes.order_by("serial")
    shown = text_of(desk.get(reverse("money-codes:inspect", args=[first.pk])))
    assert "兑换时间" in shown
    assert "收回" not in shown.partition("兑换时间")[2].partition("收回学习权限")[0]
    for address in (
        reverse("money-codes:inspect", args=[second.pk]),
        reverse("money-batches:inspect", args=[batch.pk]),
    ):
        shown = text_of(desk.get(address))
        for words in ("收回时间", "收回理由 活动取消", somebody(desk).email):
            assert words in shown, (address, words)
    assert "2 个兑换码" in text_of(desk.get(reverse("money-codes:index")))


def test_one_code_is_taken_back_or_its_access_withdrawn_with_a_reason(buyer):
    desk = at_desk(roles.FINANCE)
    until = site_clock.now() + timedelta(days=9)
    batch, (used, unused) = batch_of(2, redeemable_until=until)
    signed_in(buyer).post(page_of(used))
    first, second = batch.codes.order_by("serial")
    desk.post(reverse("money-codes:revoke", args=[second.pk]), {"reason": "发错了"})
    assert "已收回" in text_of(signed_in(buyer).get(page_of(unused)))
    assert desk.get(reverse("money-codes:revoke", args=[first.pk])).status_code == 302
    desk.post(reverse("money-codes:withdraw", args=[first.pk]), {"reason": "转卖"})
    grant = Grant.objects.get()
    assert grant.withdrawn_at is not None
    change = grant.changes.latest("pk")
    assert (change.reason, change.actor) == ("转卖", somebody(desk))
    told = OutboxMessage.objects.get(user=buyer, key__startswith="code-shut-")
    assert "转卖" not in told.text  # that is for colleagues


def test_codes_are_found_by_person_by_state_and_by_the_code_itself(buyer):
    desk = at_desk(roles.FINANCE)
    until = site_clock.now() + timedelta(days=9)
    batch, (used, unused) = batch_of(2, redeemable_until=until, name="城市书展")
    batch_of(1, redeemable_until=until, name="别的活动")
    signed_in(buyer).post(page_of(used))
    index = reverse("money-codes:index")

    def found(**query):
        rows = csv_rows(desk, index, **query)
        return [(row["批次"], row["编号"]) for row in rows]

    assert found(q=buyer.email) == [("城市书展", "1")]
    assert found(state="redeemed") == [("城市书展", "1")]
    assert set(found(state="unused")) == {("城市书展", "2"), ("别的活动", "1")}
    assert found(q=unused.lower()) == [("城市书展", "2")]
    assert len(found(batch=batch.pk)) == 2
    assert (
        unused
        not in at_desk(roles.OPERATOR)
        .get(reverse("money-codes:inspect", args=[batch.codes.get(serial=2).pk]))
        .text
    )


def test_the_page_of_who_may_open_what_leads_to_the_code(buyer):
    page = course(lessons=1, free=0)
    signed_in(buyer).post(page_of(one_code(course=page)))
    desk = at_desk(roles.FINANCE)
    query = {"email": buyer.email, "lesson": page.get_children().get().pk}
    shown = desk.get(reverse("money-why:index"), query)
    assert "兑换码" in text_of(shown)
    assert reverse("money-codes:inspect", args=[RedeemCode.objects.get().pk]) in shown.text


def test_ten_thousand_codes_cost_no_more_queries_than_ten_for_each_thousand():
    with CaptureQueriesContext(connection) as few:
        batch_of(10)
    with CaptureQueriesContext(connection) as many:
        batch_of(2000)
    assert len(many) <= len(few) + 4
    batch = RedeemBatch.objects.latest("pk")
    with CaptureQueriesContext(connection) as exported:
        rows = list(code_tables.rows(batch, columns=["code", "state"], now=site_clock.now()))
    assert len(rows) == 2001
    assert len(exported) <= 2


# --- privacy -------------------------------------------------------------------------------------


def test_what_somebody_redeemed_is_in_their_data_and_stays_without_their_name(buyer):
    signed_in(buyer).post(page_of(one_code(course=course(title="慢慢变强"))))
    assert "慢慢变强".encode() in _unzipped(privacy.export(buyer))
    privacy.erase(user=buyer, now=site_clock.now())
    assert RedeemCode.objects.get(redeemed_by=buyer).redeemed_at is not None


def _unzipped(archive: bytes) -> bytes:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(archive)) as files:
        return files.read("payments.redeemcode.json")


def test_another_persons_browser_sees_nothing_of_who_redeemed(buyer):
    code = one_code()
    signed_in(buyer).post(page_of(code))
    for other in (Client(), signed_in(UserFactory())):
        shown = other.get(page_of(code)).text
        assert buyer.email not in shown
        assert buyer.name not in shown
