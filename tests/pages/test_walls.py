"""In the administration, too, a page that is not out is known to those who work with it alone."""

from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.test import Client
from django.urls import reverse
from wagtail.models import GroupPagePermission

from accounts import roles
from courses.models import ArticleIndexPage
from tests import factories
from tests.payments.staff import at_desk

pytestmark = pytest.mark.django_db

DRAFT = "还没有人知道的课"


@pytest.fixture
def draft() -> Any:
    return factories.course(title=DRAFT, live=False, first_published_at=None, slug="draft")


@pytest.fixture
def columnist() -> Client:
    """Somebody who may edit the articles, and no other page."""
    desk = at_desk(roles.MODERATOR)
    group = Group.objects.create(name="columnists")
    may_edit = Permission.objects.get(codename="change_page")
    articles = ArticleIndexPage.objects.get()
    GroupPagePermission.objects.create(group=group, page=articles, permission=may_edit)
    desk.person.groups.add(group)
    return desk


def chooser(*args: Any, **query: Any) -> str:
    name = "wagtailadmin_choose_page_child" if args else "wagtailadmin_choose_page_search"
    return reverse(name, args=args, query=query or None)


def offered(desk: Client, address: str) -> str:
    """What the chooser lists, without what was asked."""
    answer = desk.get(address)
    shown = answer.json()["html"] if "json" in answer["Content-Type"] else answer.text
    return str(shown).replace(f'value="{DRAFT}"', "")


def test_an_editor_may_link_to_a_draft(draft):
    desk = at_desk(roles.EDITOR)
    assert DRAFT in offered(desk, chooser(draft.get_parent().pk))
    assert DRAFT in offered(desk, chooser(q=DRAFT))


def test_who_edits_other_pages_chooses_among_what_is_out(columnist, draft):
    course = factories.course(title="已经上线的课")
    listed = offered(columnist, chooser(course.get_parent().pk))
    assert course.title in listed
    assert DRAFT not in listed
    assert DRAFT not in offered(columnist, chooser(q=DRAFT))
    assert columnist.get(chooser(draft.pk)).status_code == 403


def test_who_edits_no_page_chooses_none(draft):
    desk = at_desk(roles.FINANCE)
    assert desk.get(reverse("wagtailadmin_choose_page")).status_code == 403
    assert desk.get(chooser(q=DRAFT)).status_code == 403


def test_a_number_of_a_draft_does_not_tell_its_name(columnist, draft):
    other = factories.course()
    ids = reverse("wagtailadmin_choose_page_chosen_multiple", query={"id": draft.pk})
    assert columnist.get(ids).status_code == 403
    move = reverse("wagtailadmin_pages:move_confirm", args=[draft.pk, other.pk])
    assert columnist.get(move).status_code == 403


def test_a_report_on_all_pages_is_for_who_edits_them_all(columnist, draft):
    report = reverse("wagtailadmin_reports:page_types_usage")
    assert columnist.get(report).status_code == 403
    assert at_desk(roles.EDITOR).get(report).status_code == 200


def test_finance_is_asked_about_lessons_that_were_out(draft):
    factories.lesson(draft, title=DRAFT, live=False, first_published_at=None)
    out = factories.lesson(factories.course(), title="早就上线的一讲")
    asked = at_desk(roles.FINANCE).get("/admin/money/why/").text
    assert out.title in asked
    assert DRAFT not in asked
