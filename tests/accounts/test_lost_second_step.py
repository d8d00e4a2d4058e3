"""Somebody lost phone and recovery codes: an operator takes their second step off."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.management import CommandError, call_command
from django.test import Client
from wagtail.models import ModelLogEntry

from accounts import roles
from accounts.models import OutboxMessage, User
from tests.accounts.browser import log_in, text_of
from tests.accounts.doors import grow_old
from tests.accounts.factories import PASSWORD, UserFactory, give_app
from tests.payments.staff import at_desk, somebody

pytestmark = pytest.mark.django_db


@pytest.fixture
def learner() -> User:
    person = UserFactory(name="林岚", email="linlan@example.com", password=PASSWORD)
    give_app(person)
    return person


def address(person: User) -> str:
    return f"/admin/users/{person.pk}/second-step/"


def test_it_is_off_told_and_written_down(learner: User) -> None:
    desk = at_desk(roles.OPERATOR)
    assert address(learner) in desk.get(f"/admin/users/edit/{learner.pk}/").text
    assert "通行密钥" in text_of(desk.get(address(learner)))
    assert desk.post(address(learner), {"reason": " "}).status_code == 200
    assert Authenticator.objects.filter(user=learner).exists()

    back = desk.post(address(learner), {"reason": "电话核实过"}, follow=True)
    assert "已取消林岚的两步验证" in text_of(back)
    assert address(learner) not in back.text
    assert not Authenticator.objects.filter(user=learner).exists()
    entry = ModelLogEntry.objects.get(action="accounts.second_factor_off")
    assert (entry.user, entry.object_id) == (somebody(desk), str(learner.pk))
    assert entry.data == {"reason": "电话核实过"}
    letter = OutboxMessage.objects.get(user=learner)
    assert "两步验证" in letter.subject
    assert "/account/2fa/" in letter.text


def test_who_was_signed_in_is_no_more_and_signs_in_by_password(
    django_capture_on_commit_callbacks: Any,
) -> None:
    desk, colleague = at_desk(roles.OPERATOR), at_desk(roles.EDITOR)
    assert colleague.get("/admin/").status_code == 200
    with django_capture_on_commit_callbacks(execute=True):
        desk.post(address(somebody(colleague)), {"reason": "手机丢了"})
    assert "/account/login/" in colleague.get("/admin/").url
    fresh = Client()
    log_in(fresh, somebody(colleague).email)
    assert fresh.get("/account/").status_code == 200
    assert fresh.get("/admin/").url == "/account/second-step/"


def test_not_from_a_desk_left_alone(learner: User) -> None:
    desk = at_desk(roles.OPERATOR)
    grow_old(desk)
    assert "reauthenticate" in desk.post(address(learner), {"reason": "x"}).url
    assert Authenticator.objects.filter(user=learner).exists()


def test_neither_ones_own_nor_a_higher_ones_nor_where_there_is_none(learner: User) -> None:
    desk = at_desk(roles.OPERATOR)
    root = UserFactory(is_superuser=True)
    give_app(root)
    for person in (somebody(desk), UserFactory(), root):
        assert desk.get(address(person)).url == "/admin/"  # as Wagtail refuses
        assert desk.post(address(person), {"reason": "x"}).url == "/admin/"
    assert Authenticator.objects.filter(user__in=[somebody(desk), root]).count() == 2
    assert not ModelLogEntry.objects.filter(action="accounts.second_factor_off").exists()


def test_the_last_operator_has_the_command_line(learner: User) -> None:
    with pytest.raises(CommandError, match=r"nobody@example\.com"):
        call_command("take_off_second_step", "nobody@example.com", reason="x")
    call_command("take_off_second_step", "LinLan@example.com", reason="唯一的运维")
    assert not Authenticator.objects.filter(user=learner).exists()
    assert ModelLogEntry.objects.get(action="accounts.second_factor_off").user is None
    with pytest.raises(CommandError):
        call_command("take_off_second_step", learner.email, reason="x")
