"""Certificates in the admin: who finds and withdraws which."""

import re
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from wagtail.models import ModelLogEntry

from accounts import roles
from courses.models import CoursePage
from learning.models import Credential
from operations import clock as site_clock
from tests.factories import UserFactory, course
from tests.payments.staff import ROLES, at_desk

pytestmark = pytest.mark.django_db
ADDRESS = "/admin/certificates/"
WITHDRAWAL = {"ground": "rules", "reason": "测验答案是别人给的。"}


def certificate(page: CoursePage, name: str = "林岚", number: str = "A" * 16) -> Credential:
    now = site_clock.now()
    return Credential.objects.create(
        number=number,
        learner_id=UserFactory().pk,
        kind="course",
        target_id=page.pk,
        name=name,
        title=page.title,
        publisher="日知",
        asked_lessons=100,
        asked_score=0,
        lessons=3,
        earned_on=now.date(),
        issued_at=now,
    )


@pytest.mark.parametrize("role", ROLES)
def test_editors_and_operators_withdraw_and_nobody_else(role: str) -> None:
    row = certificate(course())
    client = at_desk(role)
    may = role in (roles.EDITOR, roles.OPERATOR)
    page = f"{ADDRESS}inspect/{row.pk}/"
    before = client.get(page)
    assert (before.status_code == 200) is may
    assert ">None<" not in re.sub(r"\s", "", before.content.decode())
    answer = client.post(f"{ADDRESS}withdraw/{row.pk}/", WITHDRAWAL)
    row.refresh_from_db()
    assert row.is_withdrawn is may
    if may:
        assert answer.status_code == 302
        assert WITHDRAWAL["reason"] in client.get(page).content.decode()
        entry = ModelLogEntry.objects.get(action="learning.withdraw_credential")
        assert entry.data["reason"] == WITHDRAWAL["reason"]


def test_without_a_reason_nothing_is_withdrawn(client: Client) -> None:
    row = certificate(course())
    desk = at_desk(roles.EDITOR)
    assert "撤销后不能恢复" in desk.get(f"{ADDRESS}withdraw/{row.pk}/").content.decode()
    for wrong in ({"ground": "rules"}, {"reason": "x"}, {"ground": "rules", "reason": " "}):
        assert desk.post(f"{ADDRESS}withdraw/{row.pk}/", wrong).status_code == 200
    row.refresh_from_db()
    assert not row.is_withdrawn


def test_an_editor_without_the_course_finds_nothing(settings: Any) -> None:
    from wagtail.models import GroupPagePermission

    row = certificate(course())
    desk = at_desk(roles.EDITOR)
    GroupPagePermission.objects.filter(group__name=roles.EDITOR).delete()
    assert row.name not in desk.get(ADDRESS).content.decode()
    assert desk.post(f"{ADDRESS}withdraw/{row.pk}/", WITHDRAWAL).status_code == 404


@pytest.mark.parametrize("sought", ["林岚", "bbbb-bbbb", "强"])
def test_it_is_found_by_name_number_and_course(sought: str) -> None:
    certificate(course(title="慢慢变强"), "林岚", "B" * 16)
    certificate(course(title="别的课"), "周明", "C" * 16)
    shown = at_desk(roles.EDITOR).get(ADDRESS, {"q": sought}).content.decode()
    assert "BBBB-BBBB-BBBB-BBBB" in shown
    assert "CCCC" not in shown


def test_more_certificates_cost_no_more_queries() -> None:
    page, desk = course(), at_desk(roles.EDITOR)

    def cost() -> int:
        with CaptureQueriesContext(connection) as found:
            assert desk.get(ADDRESS).status_code == 200
        return len(found)

    certificate(page)
    cost()
    few = cost()
    for number in range(10):
        certificate(page, number=f"{number}".rjust(16, "D"))
    assert cost() == few


def test_nobody_writes_one_by_hand() -> None:
    row = certificate(course())
    desk = at_desk(roles.OPERATOR)
    for way in ("new/", f"edit/{row.pk}/", f"delete/{row.pk}/"):
        assert desk.get(ADDRESS + way).status_code == 404
