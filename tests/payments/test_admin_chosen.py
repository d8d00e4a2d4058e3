"""Finance does one thing to several rows chosen in a listing; sends mails again; extends access."""

from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.urls import reverse
from wagtail.models import ModelLogEntry

from accounts import roles
from accounts.models import OutboxMessage
from courses import access
from courses.models import Grant, GrantChange
from operations import clock as site_clock
from pages import dates
from payments.models import RedeemCode, WebhookEvent
from tests.accounts.doors import grow_old
from tests.accounts.factories import UserFactory
from tests.factories import course
from tests.payments.factories import (
    WebhookEventFactory,
    batch_of,
    course_price,
)
from tests.payments.staff import at_desk, somebody

pytestmark = pytest.mark.django_db


def chosen(viewset: str, act: str, rows, **more) -> str:
    query = "&".join(f"id={row.pk}" for row in rows)
    return f"{reverse(f'{viewset}:chosen_{act}')}?{query}"


def hand_grant(learner, page, **fields) -> Grant:
    now = site_clock.now()
    fields = {"source_id": f"hand-{learner.pk}", "starts_at": now - timedelta(days=1)} | fields
    return Grant.objects.create(learner=learner, course=page, source_kind="staff", **fields)


# --- chosen rows ---------------------------------------------------------------------------------


def test_a_listing_has_boxes_to_choose_with_for_who_may_do_something(desk):
    WebhookEventFactory()
    address = reverse("money-events:index")
    assert reverse("money-events:chosen_replay") in desk.get(address).text
    assert 'name="id"' in desk.get(address).text
    for_reading = at_desk(roles.OPERATOR).get(address).text
    assert "chosen" not in for_reading
    assert 'name="id"' not in for_reading


def test_a_listing_of_nothing_has_nothing_to_choose(desk):
    assert "chosen" not in desk.get(reverse("money-events:index")).text


def test_chosen_events_are_processed_again(desk, shop, buyer):
    shop.buy(buyer, course_price(course()))
    rows = list(WebhookEvent.objects.all())
    assert len(rows) > 1
    WebhookEvent.objects.update(outcome=WebhookEvent.Outcome.PARKED)
    address = chosen("money-events", "replay", rows)
    assert desk.get(address).text.count("不会重复") == 1  # said once for all
    answer = desk.post(address, {"next": "/admin/money/events/?outcome=parked"}, follow=True)
    assert answer.redirect_chain[-1][0] == "/admin/money/events/?outcome=parked"
    assert f"{len(rows)} 项已完成" in answer.text
    shop.run_jobs()
    ended = set(WebhookEvent.objects.values_list("outcome", flat=True))
    assert ended == {WebhookEvent.Outcome.DONE, WebhookEvent.Outcome.IGNORED}


def test_what_is_no_longer_possible_is_named_and_left(desk):
    batch_of(3, redeemable_until=site_clock.now() + timedelta(days=9))
    first, second, third = RedeemCode.objects.order_by("serial")
    desk.post(reverse("money-codes:revoke", args=[first.pk]), {"reason": "重复"})
    address = chosen("money-codes", "revoke", [first, second, third])
    page = desk.get(address).text
    assert "保持原样" in page
    answer = desk.post(address, {"reason": "公司退出"}, follow=True)
    assert "2 项已完成" in answer.text
    assert "1 项保持原样" in answer.text
    assert not RedeemCode.objects.filter(revoked_at=None).exists()
    reasons = ModelLogEntry.objects.filter(action="payments.revoke_codes").order_by("pk")
    assert [entry.data["reason"] for entry in reasons] == ["重复", "公司退出", "公司退出"]


def test_without_a_reason_nothing_is_done_and_the_rows_stay_chosen(desk):
    batch_of(2, redeemable_until=site_clock.now() + timedelta(days=9))
    rows = RedeemCode.objects.all()
    answer = desk.post(chosen("money-codes", "revoke", rows), {"reason": ""})
    assert answer.status_code == 200
    assert answer.text.count("这个兑换码就此作废") == 1
    assert not RedeemCode.objects.exclude(revoked_at=None).exists()


def test_when_it_is_possible_for_none_one_is_told_so(desk):
    answer = desk.get(reverse("money-codes:chosen_revoke") + "?id=987654&id=x", follow=True)
    assert "所选的行都不能" in answer.text


def test_an_operator_does_nothing_to_chosen_rows():
    row = WebhookEventFactory()
    assert at_desk(roles.OPERATOR).post(chosen("money-events", "replay", [row])).status_code in (
        302,
        403,
    )
    assert not ModelLogEntry.objects.filter(action="payments.replay").exists()


def lists(answer) -> list[list[str]]:
    """What the page says: for all, to which it can be done, which are left."""
    found = BeautifulSoup(answer.content, "html.parser").select("main ul")
    outermost = [each for each in found if each.find_parent("ul") is None]
    items = [each.find_all("li", recursive=False) for each in outermost]
    words = [[" ".join(li.get_text(" ", strip=True).split()) for li in each] for each in items]
    return [each for each in words if each]


def told(answer) -> list[str]:
    found = BeautifulSoup(answer.content, "html.parser").select(".messages li")
    return [" ".join(each.get_text(" ", strip=True).split()) for each in found]


def unredeemed(number: int) -> list[RedeemCode]:
    """Of which the first was taken back."""
    batch_of(number + 1, redeemable_until=site_clock.now() + timedelta(days=9))
    first, *rest = RedeemCode.objects.order_by("serial")
    RedeemCode.objects.filter(pk=first.pk).update(revoked_at=site_clock.now())
    first.refresh_from_db()
    return [first, *rest]


def test_what_is_the_same_for_several_is_said_once_above_their_names(desk):
    first, second, third, other = unredeemed(3)
    said = "这个兑换码就此作废。"
    answer = desk.get(chosen("money-codes", "revoke", [first, second, third]))
    assert lists(answer) == [[said], [str(second), str(third)], [str(first)]]
    answer = desk.get(chosen("money-codes", "revoke", [first, second]))
    assert lists(answer) == [[f"{second} {said}"], [str(first)]]
    assert str(other) not in answer.text
    assert lists(desk.get(chosen("money-codes", "revoke", [other]))) == [[f"{other} {said}"]]


def test_what_differs_is_said_of_each(desk):
    page, now = course(title="城市的暗线"), site_clock.now()
    learners = [UserFactory(email=f"{name}@example.org", name=name) for name in ("a", "b")]
    rows = [hand_grant(each, page, ends_at=now + timedelta(days=1)) for each in learners]
    twin = hand_grant(learners[0], page, source_id="twin", ends_at=rows[0].ends_at)
    answer = desk.get(chosen("money-grants", "extend", [*rows, twin]))
    until = dates.moment(now + timedelta(days=1))
    said = [
        f"城市的暗线 · {row.learner.email} 目前 {row.learner.name} <{row.learner.email}> "
        f"可以打开《城市的暗线》到 {until}。"
        for row in (*rows, twin)
    ]
    assert [sorted(each) for each in lists(answer)] == [sorted(said)]


def test_a_row_is_chosen_by_the_name_that_people_know(desk):
    row = hand_grant(UserFactory(email="a@example.org"), course(title="城市的暗线"))
    listed = desk.get(reverse("money-grants:index")).text
    assert 'aria-label="选择 城市的暗线 · a@example.org"' in listed
    assert str(row) not in listed


def test_each_is_done_by_itself_and_the_rest_is_counted(desk):
    rows = unredeemed(3)
    other = rows.pop()
    answer = desk.post(chosen("money-codes", "revoke", rows), {"reason": "公司退出"}, follow=True)
    assert answer.redirect_chain == [(reverse("money-codes:index"), 302)]
    assert told(answer) == ["2 项已完成：收回这个兑换码。", "1 项保持原样。"]
    left = RedeemCode.objects.filter(revoked_at=None)
    assert list(left) == [other]
    answer = desk.post(chosen("money-codes", "revoke", left), {"reason": "公司退出"}, follow=True)
    assert told(answer) == ["1 项已完成：收回这个兑换码。"]
    answer = desk.post(chosen("money-codes", "revoke", rows), {"reason": "公司退出"}, follow=True)
    assert told(answer) == ["3 项保持原样。"]
    entries = ModelLogEntry.objects.filter(action="payments.revoke_codes")
    assert [entry.user for entry in entries] == [somebody(desk)] * 3


def test_one_that_turns_out_impossible_is_named_and_the_others_are_done(desk):
    page, now = course(), site_clock.now()
    until = now + timedelta(days=30)
    long = hand_grant(UserFactory(), page, ends_at=now + timedelta(days=60))
    short = hand_grant(UserFactory(), page, ends_at=now + timedelta(days=1))
    typed = {"until": until.date().isoformat(), "reason": "延期开课"}
    answer = desk.post(chosen("money-grants", "extend", [long, short]), typed, follow=True)
    assert told(answer) == [
        f"{page} · {long.learner.email}: 现在的期限已经这么长。请选一个更晚的日子。",
        "1 项已完成：延长。",
        "1 项保持原样。",
    ]
    for row in (long, short):
        row.refresh_from_db()
    assert long.ends_at == now + timedelta(days=60)
    assert short.ends_at
    assert short.ends_at > now + timedelta(days=29)


def test_only_ids_are_looked_for_and_200_at_most(desk):
    [_first, row] = unredeemed(1)
    nothing = reverse("money-codes:index")
    for ids, found in {
        ("x", "²", "-1", "9" * 19, "9" * 400): False,
        ("9" * 18, str(row.pk)): True,
        (*map(str, range(1000, 1199)), str(row.pk)): True,
        (*map(str, range(1000, 1200)), str(row.pk)): False,
    }.items():
        answer = desk.get(reverse("money-codes:chosen_revoke"), {"id": ids}, follow=True)
        assert answer.redirect_chain == ([] if found else [(nothing, 302)]), ids[:3]
        assert told(answer) == ([] if found else ["所选的行都不能这样处理。"])


def test_several_are_chosen_by_who_may_and_has_just_proved_who_they_are(desk):
    rows = unredeemed(2)[1:]
    address = chosen("money-codes", "revoke", rows)
    operator = at_desk(roles.OPERATOR)
    assert [operator.get(address).url, operator.post(address, {"reason": "x"}).url] == [
        "/admin/"
    ] * 2
    grow_old(desk)
    for answer in (desk.get(address), desk.post(address, {"reason": "x"})):
        assert "/reauthenticate/" in answer.url
    assert RedeemCode.objects.filter(revoked_at=None).count() == 2


def test_one_comes_back_to_where_one_chose(desk):
    row = WebhookEventFactory()
    here = "/admin/money/events/?outcome=received"
    answer = desk.get(chosen("money-events", "replay", [row]), {"next": here, "id": row.pk})
    back = BeautifulSoup(answer.content, "html.parser").select_one("input[name=next]")
    assert back is not None
    assert back["value"] == here
    elsewhere = {"next": "https://evil.example/", "id": row.pk}
    answer = desk.get(reverse("money-events:chosen_replay"), elsewhere)
    assert 'name="next" value="/admin/money/events/"' in answer.text


# --- access extended -----------------------------------------------------------------------------


def test_access_given_by_hand_is_extended_with_a_reason(desk, buyer):
    page, now = course(lessons=2), site_clock.now()
    grant = hand_grant(buyer, page, ends_at=now + timedelta(days=1))
    address = reverse("money-grants:extend", args=[grant.pk])
    assert address in desk.get(reverse("money-grants:inspect", args=[grant.pk])).text
    until = (now + timedelta(days=30)).date()
    assert desk.post(address, {"until": until.isoformat(), "reason": "住院"}).status_code == 302
    grant.refresh_from_db()
    assert grant.ends_at
    assert grant.ends_at > now + timedelta(days=29)
    change = GrantChange.objects.get(grant=grant)
    assert (change.actor, change.reason) == (somebody(desk), "住院")
    lesson = page.get_children().last().specific
    assert access.may_open(buyer, lesson, now=now + timedelta(days=20))


def test_an_earlier_day_is_refused_and_what_was_typed_stays(desk, buyer):
    now = site_clock.now()
    grant = hand_grant(buyer, course(), ends_at=now + timedelta(days=60))
    address = reverse("money-grants:extend", args=[grant.pk])
    typed = {"until": (now + timedelta(days=30)).date().isoformat(), "reason": "住院"}
    answer = desk.post(address, typed)
    assert "更晚的日子" in answer.text
    assert "住院" in answer.text
    assert not GrantChange.objects.filter(grant=grant).exists()


def test_without_a_day_it_is_for_good(desk, buyer):
    grant = hand_grant(buyer, course(), ends_at=site_clock.now() + timedelta(days=60))
    address = reverse("money-grants:extend", args=[grant.pk])
    assert desk.post(address, {"until": "", "reason": "作者本人"}).status_code == 302
    grant.refresh_from_db()
    assert grant.ends_at is None


def test_several_are_extended_by_one_form(desk):
    page, now = course(), site_clock.now()
    rows = [hand_grant(UserFactory(), page, ends_at=now + timedelta(days=1)) for _ in range(3)]
    until = (now + timedelta(days=30)).date().isoformat()
    address = chosen("money-grants", "extend", rows)
    assert desk.post(address, {"until": until, "reason": "延期开课"}).status_code == 302
    assert not Grant.objects.filter(ends_at__lt=now + timedelta(days=29)).exists()


def test_what_follows_from_money_gets_more_time_beside_it(desk, shop, buyer):
    page = course()
    shop.buy(buyer, course_price(page))
    grant = Grant.objects.get(learner=buyer)
    assert desk.get(reverse("money-grants:extend", args=[grant.pk])).status_code == 302
    detail = desk.get(reverse("money-grants:inspect", args=[grant.pk])).text
    give = reverse("money-grants:give")
    assert give in detail
    form = desk.get(give, {"email": buyer.email, "course": page.pk}).text
    assert buyer.email in form
    assert f'<option value="{page.pk}" selected' in form


# --- mails ---------------------------------------------------------------------------------------


def test_a_mail_about_money_is_read_and_sent_again_to_the_new_address(
    desk, shop, buyer, mailoutbox
):
    shop.buy(buyer, course_price(course(title="先有人")))
    shop.run_jobs()
    [row] = OutboxMessage.objects.filter(key__startswith="order-paid-")
    buyer.email = "new@example.org"
    buyer.save()
    listed = desk.get(reverse("money-mails:index"), {"q": "new@example.org"}).text
    detail = reverse("money-mails:inspect", args=[row.pk])
    assert detail in listed
    assert "先有人" in desk.get(detail).text
    before = len(mailoutbox)
    answer = desk.post(reverse("money-mails:again", args=[row.pk]), follow=True)
    assert "new@example.org" in answer.text
    shop.run_jobs()
    assert len(mailoutbox) == before + 1
    assert mailoutbox[-1].to == ["new@example.org"]
    assert mailoutbox[-1].body == row.text
    assert ModelLogEntry.objects.filter(action="payments.send_mail").exists()


def test_mails_of_other_things_are_nobodys_to_read_or_send(desk, buyer):
    secret = OutboxMessage.objects.create(
        key="sign-in-7",
        user=buyer,
        to=buyer.email,
        language="en",
        subject="123456",
        text="123456",
        html="",
        created_at=site_clock.now(),
    )
    assert "123456" not in desk.get(reverse("money-mails:index")).text
    assert desk.get(reverse("money-mails:inspect", args=[secret.pk])).status_code == 404
    assert desk.post(reverse("money-mails:again", args=[secret.pk])).status_code == 404
    answer = desk.get(chosen("money-mails", "again", [secret]), follow=True)
    assert "sign-in-7" not in answer.text
    assert OutboxMessage.objects.count() == 1


def test_a_closed_account_gets_no_mail(desk, shop, buyer):
    shop.buy(buyer, course_price(course()))
    row = OutboxMessage.objects.filter(about="money").latest("pk")
    buyer.is_active = False
    buyer.save()
    desk.post(reverse("money-mails:again", args=[row.pk]))
    assert not OutboxMessage.objects.filter(key__contains="+").exists()
