"""The outbox: one row per message, with the fact it tells; sent by a job, again if it fails."""

import smtplib
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.core.mail.backends.base import BaseEmailBackend
from django.db import transaction

from accounts import mail, upkeep
from accounts.models import OutboxMessage
from operations import clock
from tests.accounts.factories import UserFactory

pytestmark = pytest.mark.django_db


class Server(BaseEmailBackend):
    """A mail server that keeps what it gets, and may be down."""

    got: list[Any] = []
    down = False

    def send_messages(self, messages: Sequence[Any]) -> int:
        if Server.down:
            raise smtplib.SMTPRecipientsRefused({"private.person@example.com": (550, b"no")})
        Server.got += messages
        return len(messages)


@pytest.fixture
def server(settings: Any) -> Any:
    Server.got, Server.down = [], False
    settings.MAILERS = {"default": {"BACKEND": f"{__name__}.Server"}}
    return Server


def queue(**kwargs: Any) -> bool:
    given: dict[str, Any] = {
        "key": "greeting:1",
        "to": "a@example.com",
        "template": "login_code",
        "context": {"code": "123456"},
        "language": "en",
        "now": clock.now(),
    }
    return mail.queue(**(given | kwargs))


def test_a_message_goes_out_once(server: Any, run_jobs: Any) -> None:
    assert queue() is True
    assert queue() is False
    run_jobs()
    mail.send.enqueue(message=OutboxMessage.objects.get().pk)
    run_jobs()
    assert [message.to for message in server.got] == [["a@example.com"]]
    sent = OutboxMessage.objects.get()
    assert sent.sent_at
    assert not sent.caught
    assert sent.attempts == 1


def test_it_has_text_and_html_and_one_message_id(server: Any, run_jobs: Any) -> None:
    queue()
    run_jobs()
    message = server.got[0]
    assert "\n123456\n" in message.body
    html, kind = message.alternatives[0]
    assert kind == "text/html"
    assert "123456" in html
    assert message.extra_headers["Message-ID"].startswith("<outbox-")


def test_nothing_is_queued_when_the_fact_is_undone() -> None:
    class Undone(Exception):
        pass

    def announce_and_fail() -> None:
        with transaction.atomic():
            queue()
            raise Undone

    with pytest.raises(Undone):
        announce_and_fail()
    assert not OutboxMessage.objects.exists()


def test_a_server_that_is_down_leaves_it_unsent_and_says_nobodys_name(
    server: Any, caplog: Any
) -> None:
    queue(to="private.person@example.com")
    row = OutboxMessage.objects.get()
    server.down = True
    with pytest.raises(mail.NotSent) as problem:
        mail.send.call(message=row.pk)
    assert "private" not in str(problem.value)
    assert problem.value.__suppress_context__
    row.refresh_from_db()
    assert (row.sent_at, row.attempts, row.error) == (None, 1, "SMTPRecipientsRefused")
    assert "private" not in caplog.text
    server.down = False
    mail.send.call(message=row.pk)
    row.refresh_from_db()
    assert row.sent_at
    assert row.error == ""


def test_without_a_server_mails_are_kept_and_said_to_be_caught(
    settings: Any, run_jobs: Any
) -> None:
    settings.MAILERS = {"default": {"BACKEND": mail.CAUGHT}}
    queue()
    run_jobs()
    assert OutboxMessage.objects.get().caught


def test_it_is_written_in_the_language_asked_for() -> None:
    queue(key="a", language="en")
    queue(key="b", language="zh-hans")
    english, chinese = OutboxMessage.objects.order_by("key")
    assert english.subject == "Your code to log in"
    assert 'lang="en"' in english.html
    assert 'lang="zh-Hans"' in chinese.html


def test_what_a_person_wrote_is_plain_in_the_text_and_escaped_in_the_html() -> None:
    queue(context={"code": "<b>&"})
    row = OutboxMessage.objects.get()
    assert "<b>&" in row.text
    assert "<b>&" not in row.html
    assert "&lt;b&gt;&amp;" in row.html


def test_a_subject_is_one_line() -> None:
    queue()
    assert "\n" not in OutboxMessage.objects.get().subject


def test_old_mails_are_forgotten() -> None:
    user = UserFactory()
    now = clock.now()
    queue(key="old", now=now - timedelta(days=31), user=user)
    queue(key="new", now=now)
    upkeep.forget_old_mails(now)
    assert [row.key for row in OutboxMessage.objects.all()] == ["new"]


def test_what_told_of_a_fact_loses_its_words_and_is_never_told_again() -> None:
    now = clock.now()
    queue(key="paid-1", now=now - timedelta(days=31), user=UserFactory(), about="money")
    upkeep.forget_old_mails(now)
    row = OutboxMessage.objects.get()
    assert (row.to, row.text, row.html) == ("", "", "")
    assert queue(key="paid-1", now=now, about="money") is False


TEMPLATES = ["login_code", "reauthentication_code", "email_confirmation_signup"]
TEMPLATES += ["email_confirmation", "password_reset_code", "unknown_account"]
TEMPLATES += ["account_already_exists", "password_changed", "password_reset", "password_set"]
TEMPLATES += ["email_changed", "email_deleted", "totp_activated", "totp_deactivated"]
TEMPLATES += ["recovery_codes_generated", "webauthn_added", "webauthn_removed"]


@pytest.mark.parametrize("template", TEMPLATES)
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_every_mail_of_accounts_can_be_written(template: str, language: str) -> None:
    context: dict[str, Any] = {"code": "123456", "timestamp": clock.now(), "ip": "192.0.2.1"}
    written = mail.render(template, context, language)
    assert written.subject
    assert len(written.text) > 60
    assert "{" not in written.text


def test_what_waited_for_a_server_is_sent_when_there_is_one(
    settings: Any, server: Any, run_jobs: Any, client: Any
) -> None:
    of_the_server = settings.MAILERS
    settings.MAILERS = {"default": {"BACKEND": mail.CAUGHT}}
    client.post("/account/signup/", {"email": "early@example.com"})
    run_jobs()
    upkeep.send_caught_mails(clock.now())
    run_jobs()
    row = OutboxMessage.objects.get(to="early@example.com")
    assert (row.sent_at, row.caught) == (None, True)
    assert "本站还不能发邮件" in client.get("/account/confirm-email/").content.decode()
    settings.MAILERS = of_the_server
    assert "本站还不能发邮件" not in client.get("/account/confirm-email/").content.decode()
    upkeep.send_caught_mails(clock.now())
    run_jobs()
    row.refresh_from_db()
    assert row.sent_at
    assert not row.caught
