"""The cast around one course: Alice owns it, Bob owns another, Charlie must not get in."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from accounts.models import User
from courses import grants, memberships
from courses.models import CoursePage, Grant, LessonPage, Membership, PrivateMedia
from tests import factories
from tests.accounts import browser
from tests.accounts.factories import PASSWORD, give_app
from tests.accounts.factories import UserFactory as AccountFactory


def give(learner: User, sellable: CoursePage | Membership, **state: Any) -> None:
    """Access as a purchase gives it, unless `state` says another source or other days."""
    now = timezone.now()
    usual: dict[str, Any] = {
        "source_kind": Grant.Source.PURCHASE,
        "source_id": f"order-{learner.pk}",
        "starts_at": now - timedelta(days=30),
    }
    grants.sync(learner=learner, covers=[sellable], now=now, **usual | state)


@pytest.fixture
def recording(db: None) -> PrivateMedia:
    return factories.MediaFactory()


@pytest.fixture
def course(db: None) -> CoursePage:
    return factories.course(lessons=3, free=1, slug="yiqun")


@pytest.fixture
def paid(course: CoursePage) -> LessonPage:
    return LessonPage.objects.get(slug="02")


@pytest.fixture
def learner(db: None) -> User:
    return factories.UserFactory()


@pytest.fixture
def personas(course: CoursePage) -> dict[str, User]:
    """Everyone who must not see a paid lesson of the course, whatever else they may."""
    now = timezone.now()
    shelf = factories.MembershipFactory(name="听书")
    library = factories.MembershipFactory(name="全部课程")
    course.memberships = [library]
    memberships.sync_included(CoursePage.objects.get(pk=course.pk), now=now)
    course.save_revision().publish()
    cast: dict[str, User] = {
        name: factories.UserFactory(name=name)
        for name in ("free", "lapsed", "refunded", "other_buyer", "other_member")
    }
    give(cast["lapsed"], library, ends_at=now - timedelta(days=1))
    give(cast["refunded"], course, withdrawn_at=now)
    give(cast["other_buyer"], factories.course(lessons=1))
    give(cast["other_member"], shelf)
    for role in ("moderator", "finance"):
        cast[role] = staff(role)
    return cast


def staff(role: str) -> User:
    user = AccountFactory(roles=[role], password=PASSWORD)
    give_app(user)
    return user


def enter(client: Any, user: User) -> None:
    """Log in as staff do: password, then the second factor."""
    browser.log_in(client, user.email)
    browser.second_step(client)


@pytest.fixture
def editor(client: Any, db: None) -> User:
    """Who is logged in, with the second factor."""
    user = staff("editor")
    enter(client, user)
    return user
