"""Letters that several send, or ask for, at once, on PostgreSQL."""

import pytest

from accounts.models import OutboxMessage
from growth import letter_sending, letters, upkeep
from growth.models import Letter, LetterSubscription
from operations import clock
from tests.growth.test_letters import letter, mails, reader
from tests.learning.test_quizzes_concurrency import at_once

pytestmark = [pytest.mark.postgres, pytest.mark.django_db(transaction=True)]


def test_each_reader_gets_one_however_many_send_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letter_sending, "BATCH", 3)
    everybody = [reader(f"r{number}@example.com").email for number in range(20)]
    letter(with_news=False)
    at_once(lambda: upkeep.send_letters(clock.now()))
    assert sorted(mails()) == sorted(everybody)
    assert Letter.objects.get().queued == 20


def test_asked_for_at_once_an_address_stands_once_and_is_mailed_once() -> None:
    at_once(lambda: letters.ask(email="a@x.org", source=None, language="en", now=clock.now()))
    assert LetterSubscription.objects.count() == 1
    assert OutboxMessage.objects.count() == 1
