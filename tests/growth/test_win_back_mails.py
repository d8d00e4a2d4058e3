"""A win-back code is told by mail to who asked for offers, once, while it is good."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from accounts.models import OutboxMessage
from growth import mail_choices, upkeep
from operations import clock
from payments.models import WinBack
from tests.factories import UserFactory
from tests.payments.factories import PromotionFactory, SubscriptionFactory

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2026, 1, 1, tzinfo=UTC)


def code(*, wanted: bool = True, made_days_ago: int = 0, **promotion: Any) -> WinBack:
    now = clock.now()
    learner = UserFactory()
    if wanted:
        mail_choices.choose(user=learner, now=now, offers=True)
    made_at = now - timedelta(days=made_days_ago)
    given = {"percent": 30, "ends_at": now + timedelta(days=10), "code": "BACK-AAAA-BBBB"}
    made: WinBack = WinBack.objects.create(
        learner=learner,
        subscription=SubscriptionFactory(learner=learner, status="canceled"),
        promotion=PromotionFactory(**given | promotion),
        made_at=made_at,
        year=made_at.year,
    )
    return made


def test_it_is_told_once_to_who_asked() -> None:
    made = code()
    for _twice in range(2):
        upkeep.tell_of_win_back_codes(clock.now())
    mail = OutboxMessage.objects.get()
    assert mail.to == made.learner.email
    assert "BACK-AAAA-BBBB" in mail.text
    assert "30%" in mail.text
    assert mail.unsubscribe


@pytest.mark.parametrize(
    "case",
    [{"wanted": False}, {"made_days_ago": 3}, {"is_active": False}, {"ends_at": LONG_AGO}],
    ids=str,
)
def test_nobody_else_is(case: dict[str, Any]) -> None:
    code(**case)
    upkeep.tell_of_win_back_codes(clock.now())
    assert not OutboxMessage.objects.exists()
