"""What staff confirm before it is done: for whom, of which row, and what is said afterwards."""

from datetime import timedelta
from typing import Any

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse

from accounts import roles
from operations import clock as site_clock
from payments.admin.confirmation import Confirmation
from payments.models import RedeemCode, WebhookEvent
from tests.accounts.doors import grow_old
from tests.payments import shown
from tests.payments.factories import WebhookEventFactory, batch_of
from tests.payments.staff import at_desk

pytestmark = pytest.mark.django_db
OVER = "这一步已经做过，或者已经不能做了。"


@pytest.fixture
def desk() -> Client:
    return at_desk(roles.FINANCE)


def codes() -> list[RedeemCode]:
    batch_of(3, redeemable_until=site_clock.now() + timedelta(days=9))
    return list(RedeemCode.objects.order_by("serial"))


def revoke(row: RedeemCode) -> str:
    return reverse("money-codes:revoke", args=[row.pk])


def told(answer: Any) -> list[str]:
    found = BeautifulSoup(answer.content, "html.parser").select(".messages li")
    return [" ".join(each.get_text(" ", strip=True).split()) for each in found]


def button(answer: Any) -> tuple[str, bool]:
    """Of the form: its words, and whether it looks serious."""
    [found] = BeautifulSoup(answer.content, "html.parser").select("main form button.button")
    return found.get_text(strip=True), "serious" in found["class"]


def test_what_is_serious_is_said_of_one_row_and_done_to_it_alone(desk):
    first, second, third = codes()
    answer = desk.get(revoke(second))
    assert shown.consequences(answer) == ["这个兑换码就此作废。"]
    assert button(answer) == ("收回这个兑换码", True)
    done = desk.post(revoke(second), {"reason": "重复"}, follow=True)
    assert done.redirect_chain == [(reverse("money-codes:inspect", args=[second.pk]), 302)]
    assert told(done) == ["兑换码已收回。"]
    assert list(RedeemCode.objects.exclude(revoked_at=None)) == [second]
    for again in (desk.get(revoke(second), follow=True), desk.post(revoke(second), follow=True)):
        assert again.redirect_chain == done.redirect_chain
        assert told(again) == [OVER]
    assert desk.get(revoke(RedeemCode(pk=third.pk + 99))).status_code == 404
    assert desk.get(revoke(first)).status_code == 200


def test_what_is_always_possible_and_harmless_looks_so(desk):
    row = WebhookEventFactory(outcome="done")
    answer = desk.get(reverse("money-events:replay", args=[row.pk]))
    assert button(answer) == ("重新处理", False)


def test_a_reason_of_300_characters_is_the_longest(desk):
    first, second, _third = codes()
    area = BeautifulSoup(desk.get(revoke(first)).content, "html.parser").select_one("textarea")
    assert area is not None
    assert (area["name"], area["rows"]) == ("reason", "3")
    for reason in ("", "长" * 301):
        answer = desk.post(revoke(first), {"reason": reason})
        assert (answer.status_code, told(answer)) == (200, [])
    assert not RedeemCode.objects.exclude(revoked_at=None).exists()
    assert desk.post(revoke(second), {"reason": "长" * 300}).status_code == 302


def test_what_turns_out_impossible_is_said_and_what_was_typed_stays(desk, monkeypatch):
    first, _second, _third = codes()
    redeemed = {"redeemed_at": site_clock.now(), "redeemed_by": desk.person}
    valid = RedeemCode.objects.filter(pk=first.pk)

    def meanwhile(*args: Any) -> bool:
        valid.update(**redeemed)
        return True

    monkeypatch.setattr("payments.admin.codes.RevokeCodeView.is_possible", meanwhile)
    answer = desk.post(revoke(first), {"reason": "重复"})
    assert answer.status_code == 200
    assert "重复" in answer.text
    assert answer.context["form"].non_field_errors() == ["刚刚已被兑换或收回。"]
    assert valid.get().revoked_at is None


def test_who_may_not_or_has_not_just_proved_who_they_are_does_nothing(desk):
    first, _second, _third = codes()
    operator = at_desk(roles.OPERATOR)
    answers = [operator.get(revoke(first)), operator.post(revoke(first), {"reason": "重复"})]
    assert [answer.url for answer in answers] == ["/admin/"] * 2
    grow_old(desk)
    for address in (revoke(first), reverse("money-promotions:add")):
        answer = desk.get(address)
        assert answer.status_code == 302
        assert "/reauthenticate/" in answer.url
    desk.post(revoke(first), {"reason": "重复"})
    assert not RedeemCode.objects.exclude(revoked_at=None).exists()


def test_an_act_that_says_nothing_of_itself_is_a_mistake_in_our_code():
    class Silent(Confirmation):
        model = WebhookEvent

    for silence in (Silent().consequences, lambda row: Silent().carry_out(row, None)):
        with pytest.raises(NotImplementedError):
            silence(None)
