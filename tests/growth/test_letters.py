"""Letters: asked for twice, ended with one tap, sent once an address, one a week."""

import io
import json
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.core import mail as sent
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext

from accounts import privacy
from accounts.models import OutboxMessage
from courses.models import Instructor
from growth import letter_sending, letters, upkeep
from growth.models import Letter, LetterSubscription
from operations import clock
from tests.factories import InstructorFactory, UserFactory, course

pytestmark = pytest.mark.django_db
HERE = "http://localhost:8000"
LIN = "lin@example.com"


def ask(client: Client, email: str = LIN, of: str = "") -> Any:
    return client.post("/letters/ask/", {"email": email, "of": of}, follow=True)


def address_in(row: OutboxMessage, beginning: str) -> str:
    [found] = [line for line in row.text.splitlines() if line.startswith(HERE + beginning)]
    return found.removeprefix(HERE)


def asked_mail(email: str = LIN) -> OutboxMessage:
    return OutboxMessage.objects.filter(to=email, key__startswith="letters-asked").latest("pk")


def reader(email: str = LIN, instructor: Instructor | None = None) -> LetterSubscription:
    now = clock.now()
    row: LetterSubscription = LetterSubscription.objects.create(
        email=email, instructor=instructor, language="zh-hans", asked_at=now, confirmed_at=now
    )
    return row


def letter(**fields: Any) -> Letter:
    send_at = fields.pop("send_at", clock.now() - timedelta(minutes=1))
    given = {
        "subject": "群为什么死在第九十天",
        "words": "这一周我去了三个菜市场。\n\n下周见。",
        "status": "ready",
        "send_at": send_at,
        "week": letter_sending.week_of(send_at),
    }
    made: Letter = Letter.objects.create(**given | fields)
    return made


# --- asking, saying yes, ending ------------------------------------------------------------------


def test_letters_come_only_after_a_yes_from_the_mail(client: Client) -> None:
    said = ask(client).content.decode()
    assert f"确认信已发到 {LIN}" in said
    assert not letters.readers(None).exists()
    yes = address_in(asked_mail(), "/letters/yes/")
    assert "<form" in client.get(yes).content.decode()  # a scanner that follows links says no yes
    assert not letters.readers(None).exists()
    for _twice in range(2):
        assert "订阅好了" in client.post(yes).content.decode()
    assert letters.readers(None).get().email == LIN


def test_an_address_is_mailed_once_a_day_and_the_answer_tells_nothing(client: Client) -> None:
    reader("known@example.com")
    first = ask(client, "known@example.com").content.decode()
    for _again in range(3):
        other = ask(client).content.decode()
    assert first.count("确认信已发到") == other.count("确认信已发到") == 1
    assert OutboxMessage.objects.count() == 1  # to who had none yet
    assert letters.readers(None).get().email == "known@example.com"


def test_a_wrong_address_is_said_and_stays(client: Client) -> None:
    answer = client.post("/letters/ask/", {"email": "lin@", "of": ""})
    assert answer.status_code == 422
    assert 'value="lin@"' in answer.content.decode()
    assert client.post("/letters/ask/", {"email": LIN, "of": "nobody"}).status_code == 404
    assert not LetterSubscription.objects.exists()


def test_an_instructors_letters_are_asked_for_on_their_page(client: Client) -> None:
    lin = InstructorFactory(name="林若谷", slug="lin")
    assert "/letters/?of=lin" in client.get("/instructors/lin/").content.decode()
    assert 'value="lin"' in client.get("/letters/?of=lin").content.decode()
    ask(client, of="lin")
    client.post(address_in(asked_mail(), "/letters/yes/"))
    assert letters.readers(lin).exists()
    assert not letters.readers(None).exists()


def test_the_address_of_a_yes_runs_out_and_a_later_end_counts(
    client: Client, time_machine: Any
) -> None:
    time_machine.move_to(datetime(2026, 11, 23, 8, tzinfo=UTC))
    ask(client)
    yes = address_in(asked_mail(), "/letters/yes/")
    client.post(yes)
    row = letters.readers(None).get()
    time_machine.move_to(datetime(2026, 11, 24, 8, tzinfo=UTC))
    letters.end(row, now=clock.now())
    assert client.post(yes).status_code == 404  # the old mail does not bring them back
    assert not letters.readers(None).exists()
    ask(client)
    again = address_in(asked_mail(), "/letters/yes/")
    time_machine.move_to(datetime(2026, 12, 2, 8, tzinfo=UTC))
    assert client.post(again).status_code == 404
    assert client.get("/letters/yes/guessed/").status_code == 404


def test_who_ended_them_may_ask_again_on_the_same_day(client: Client) -> None:
    for number in (1, 2):
        ask(client)
        assert OutboxMessage.objects.count() == number
        client.post(address_in(asked_mail(), "/letters/yes/"))
        letters.end(letters.readers(None).get(), now=clock.now())
    assert client.get("/letters/ask/")["Location"] == "/letters/"


def test_one_click_in_the_mail_program_ends_them(client: Client, run_jobs: Any) -> None:
    reader()
    letter()
    upkeep.send_letters(clock.now())
    run_jobs()
    [mail] = sent.outbox
    address = mail.extra_headers["List-Unsubscribe"].strip("<>").removeprefix(HERE)
    program = Client(enforce_csrf_checks=True)
    assert "<form" in program.get(address).content.decode()
    assert letters.readers(None).exists()
    for _twice in range(2):
        assert (
            "退订好了" in program.post(address, {"List-Unsubscribe": "One-Click"}).content.decode()
        )
    assert not letters.readers(None).exists()
    assert program.post("/letters/no/guessed/").status_code == 404


def test_what_an_address_gets_stands_with_its_account_and_ends_there(client: Client) -> None:
    learner = UserFactory(email=LIN)
    client.force_login(learner)
    mine, others = reader(), reader("other@example.com")
    page = client.get("/account/mails/").content.decode()
    assert str(mine.key) in page
    assert "来信会发到 lin@example.com" in client.get("/letters/").content.decode()
    client.post("/account/mails/", {"letters": str(others.key)})
    assert letters.readers(None).count() == 2
    client.post("/account/mails/", {"letters": str(mine.key)})
    assert letters.readers(None).get() == others


def test_what_nobody_confirmed_is_forgotten(time_machine: Any) -> None:
    time_machine.move_to(datetime(2026, 11, 23, 8, tzinfo=UTC))
    letters.ask(email=LIN, source=None, language="zh-hans", now=clock.now())
    reader("kept@example.com")
    upkeep.forget_unconfirmed(datetime(2026, 11, 30, 7, tzinfo=UTC))
    assert LetterSubscription.objects.count() == 2
    upkeep.forget_unconfirmed(datetime(2026, 11, 30, 9, tzinfo=UTC))
    assert LetterSubscription.objects.get().email == "kept@example.com"


def test_what_ended_is_kept_as_proof_for_three_years() -> None:
    ended = reader()
    reader("kept@example.com")
    letters.end(ended, now=datetime(2026, 11, 30, tzinfo=UTC))
    upkeep.forget_ended_letters(datetime(2029, 11, 29, tzinfo=UTC))
    assert LetterSubscription.objects.count() == 2
    upkeep.forget_ended_letters(datetime(2029, 12, 4, tzinfo=UTC))
    assert LetterSubscription.objects.get().email == "kept@example.com"


def test_who_leaves_takes_their_letters_along() -> None:
    learner = UserFactory(email=LIN)
    reader()
    reader("other@example.com")
    taken = zipfile.ZipFile(io.BytesIO(privacy.export(learner)))
    [row] = json.loads(taken.read("growth.lettersubscription.json"))
    assert row["email"] == LIN
    privacy.erase(user=learner, now=clock.now())
    assert LetterSubscription.objects.get().email == "other@example.com"


# --- sending -------------------------------------------------------------------------------------


def mails() -> list[str]:
    rows = OutboxMessage.objects.filter(key__startswith="letter:")
    return list(rows.order_by("pk").values_list("to", flat=True))


def test_it_goes_to_each_reader_once_at_its_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letter_sending, "BATCH", 2)
    lin = InstructorFactory(name="林若谷")
    everybody = [reader(f"r{number}@example.com", lin).email for number in range(5)]
    reader("publisher@example.com")
    made = letter(instructor=lin, send_at=clock.now() + timedelta(hours=1))
    upkeep.send_letters(clock.now())
    assert mails() == []
    for _twice in range(2):
        upkeep.send_letters(clock.now() + timedelta(hours=2))
    assert mails() == everybody
    made.refresh_from_db()
    assert (made.status, made.queued, made.addresses) == ("sent", 5, 5)
    assert "林若谷" in OutboxMessage.objects.latest("pk").text


def test_broken_off_it_goes_on_where_it_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letter_sending, "BATCH", 2)
    everybody = [reader(f"r{number}@example.com").email for number in range(5)]
    made = letter()
    [number] = letter_sending.begin_due(now=clock.now())
    assert letter_sending.send_batch(number, now=clock.now())  # and here the worker is killed
    assert mails() == everybody[:2]
    upkeep.send_letters(clock.now())
    assert mails() == everybody
    made.refresh_from_db()
    assert made.queued == 5


def test_who_ends_them_meanwhile_gets_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(letter_sending, "BATCH", 1)
    reader("first@example.com")
    second = reader("second@example.com")
    letter()
    [number] = letter_sending.begin_due(now=clock.now())
    letter_sending.send_batch(number, now=clock.now())
    letters.end(second, now=clock.now())
    upkeep.send_letters(clock.now())
    assert mails() == ["first@example.com"]


def test_drafts_stay(client: Client) -> None:
    reader()
    made = letter(status="draft")
    upkeep.send_letters(clock.now())
    assert mails() == []
    assert client.get(f"/letters/{made.pk}/").status_code == 404


def test_it_lists_what_came_out_in_the_week_and_keeps_it(client: Client) -> None:
    course(title="城市的暗线", lessons=1)
    made = letter()
    bare = letter(with_news=False, send_at=clock.now() - timedelta(days=7))
    reader()
    upkeep.send_letters(clock.now())
    text = OutboxMessage.objects.get(key__startswith=f"letter:{made.pk}:").text
    assert "本周新内容" in text
    assert "城市的暗线 · 讲师" in text
    course(title="后来才出的", lessons=1)
    shown = client.get(f"/letters/{made.pk}/").content.decode()
    assert "城市的暗线" in shown
    assert "后来才出的" not in shown
    assert "城市的暗线" not in client.get(f"/letters/{bare.pk}/").content.decode()
    assert made.subject in client.get("/letters/").content.decode()


def test_one_a_week_is_held_by_the_database() -> None:
    lin = InstructorFactory()
    letter()
    letter(instructor=lin)
    letter(status="draft")
    for source in (None, lin):
        with pytest.raises(IntegrityError), transaction.atomic():
            letter(instructor=source)


def test_more_readers_cost_no_more_queries_each() -> None:
    def batch(readers: int) -> int:
        LetterSubscription.objects.all().delete()
        Letter.objects.all().delete()
        for number in range(readers):
            reader(f"r{number}@example.com")
        letter(with_news=False)
        [number] = letter_sending.begin_due(now=clock.now())
        with CaptureQueriesContext(connection) as asked:
            letter_sending.send_batch(number, now=clock.now())
        return len(asked)

    batch(1)
    one, three = batch(1), batch(3)
    each = (three - one) / 2
    assert batch(9) == one + 8 * each


def test_words_are_text_and_stay_it(client: Client) -> None:
    made = letter(words="<script>alert(1)</script> https://example.com/a?b=1", status="sent",
                  begun_at=clock.now())  # fmt: skip
    shown = client.get(f"/letters/{made.pk}/").content.decode()
    assert "<script>alert" not in shown
    assert 'href="https://example.com/a?b=1"' in shown
