"""Letters in the administration: written, given a time, copied to oneself, stopped."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone
from wagtail.models import ModelLogEntry

from accounts import roles
from accounts.models import OutboxMessage
from growth import letter_sending, upkeep
from growth.models import Letter
from operations import clock
from tests.factories import InstructorFactory
from tests.growth.test_letters import letter, mails, reader
from tests.payments.staff import ROLES, at_desk

pytestmark = pytest.mark.django_db
HERE = "/admin/letters/"


def shown(at: datetime) -> str:
    return f"{timezone.localtime(at):%Y-%m-%d %H:%M}"


def form(**changes: Any) -> dict[str, Any]:
    given = {
        "instructor": "",
        "subject": "群为什么死在第九十天",
        "words": "这一周我去了三个菜市场。",
        "with_news": "on",
        "send_at": shown(clock.now() + timedelta(days=1)),
    }
    return given | changes


@pytest.mark.parametrize("role", ROLES)
def test_editors_and_operators_write_letters_and_nobody_else(role: str) -> None:
    client, may = at_desk(role), role in (roles.EDITOR, roles.OPERATOR)
    assert (client.get(f"{HERE}new/").status_code == 200) is may
    client.post(f"{HERE}new/", form())
    assert Letter.objects.exists() is may


def test_a_draft_keeps_its_time_and_is_not_sent() -> None:
    client = at_desk(roles.EDITOR)
    reader()
    client.post(f"{HERE}new/", form())
    made = Letter.objects.get()
    assert made.status == "draft"
    upkeep.send_letters(clock.now() + timedelta(days=2))
    assert mails() == []
    client.post(f"{HERE}edit/{made.pk}/", form(is_ready="on"))
    upkeep.send_letters(clock.now() + timedelta(days=2))
    assert mails() == ["lin@example.com"]


def test_a_time_that_is_over_and_a_second_one_a_week_are_refused() -> None:
    client = at_desk(roles.EDITOR)
    over = form(is_ready="on", send_at=shown(clock.now() - timedelta(hours=2)))
    assert "这个时间已经过去" in client.post(f"{HERE}new/", over).content.decode()
    ready = form(is_ready="on")
    client.post(f"{HERE}new/", ready)
    answer = client.post(f"{HERE}new/", ready | {"words": "还没写完的另一封"}).content.decode()
    assert "这一周已经有一封来信" in answer
    assert "还没写完的另一封" in answer
    teacher = InstructorFactory()
    client.post(f"{HERE}new/", ready | {"instructor": teacher.pk})  # of somebody else
    assert Letter.objects.filter(status="ready").count() == 2


def test_what_is_on_its_way_does_not_change() -> None:
    client = at_desk(roles.EDITOR)
    reader()
    made = letter()
    letter_sending.begin_due(now=clock.now())
    answer = client.post(f"{HERE}edit/{made.pk}/", form(subject="别的"))
    assert answer["Location"] == f"{HERE}inspect/{made.pk}/"
    assert client.post(f"{HERE}delete/{made.pk}/")["Location"] == f"{HERE}inspect/{made.pk}/"
    made.refresh_from_db()
    assert (made.subject, made.status) == ("群为什么死在第九十天", "sending")


def test_a_copy_goes_to_who_writes_it(run_jobs: Any) -> None:
    client = at_desk(roles.EDITOR)
    reader()
    made = letter(status="draft")
    client.post(f"{HERE}copy-to-me/{made.pk}/")
    [mail] = OutboxMessage.objects.filter(key__startswith="letter-copy:")
    assert made.words.split()[0] in mail.text
    assert mails() == []


def test_stopped_nothing_more_is_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letter_sending, "BATCH", 2)
    client = at_desk(roles.EDITOR)
    for number in range(5):
        reader(f"r{number}@example.com")
    made = letter()
    [number] = letter_sending.begin_due(now=clock.now())
    letter_sending.send_batch(number, now=clock.now())
    page = client.get(f"{HERE}inspect/{made.pk}/").content.decode()
    assert "2/5" in page
    client.post(f"{HERE}stop/{made.pk}/")
    upkeep.send_letters(clock.now())
    assert len(mails()) == 2
    assert ModelLogEntry.objects.get(action="growth.stop_letter").data["number"] == 2
    assert "已停止" in client.get(HERE).content.decode()
    client.post(f"{HERE}stop/{made.pk}/")
    assert ModelLogEntry.objects.filter(action="growth.stop_letter").count() == 1


def test_others_at_the_desk_neither_copy_nor_stop() -> None:
    client = at_desk(roles.FINANCE)
    made = letter()
    for act in ("copy-to-me", "stop"):
        assert client.post(f"{HERE}{act}/{made.pk}/").status_code in (302, 403)
    assert not OutboxMessage.objects.exists()
