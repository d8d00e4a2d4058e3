"""Which mails one wants, and the one tap that ends them."""

from datetime import timedelta
from typing import Any

import pytest
from django.core import mail as sent
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import OutboxMessage, User
from growth import mail_choices
from growth.models import MailChoice
from operations import clock
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
Kind = MailChoice.Kind


@pytest.fixture
def learner(client: Client) -> User:
    user = UserFactory(email="lin@example.com")
    client.force_login(user)
    return user


def remind(user: User, key: str = "reminder:1") -> OutboxMessage:
    mail_choices.queue(
        Kind.REMINDERS,
        user=user,
        key=key,
        template="login_code",
        context={"code": "123456"},
        now=clock.now(),
    )
    return OutboxMessage.objects.get(key=key)


def wants(user: User, kind: MailChoice.Kind) -> bool:
    return mail_choices.wanted_by(kind).filter(pk=user.pk).exists()


def test_without_a_choice_there_are_reminders_and_no_offers(learner: User) -> None:
    assert wants(learner, Kind.REMINDERS)
    assert not wants(learner, Kind.OFFERS)


def test_both_are_chosen_on_one_page(client: Client, learner: User) -> None:
    page = client.get("/account/mails/").content.decode()
    assert 'name="reminders"' in page
    assert client.post("/account/mails/", {"offers": "on"}).status_code == 302
    assert not wants(learner, Kind.REMINDERS)
    assert wants(learner, Kind.OFFERS)
    asked_at = MailChoice.objects.get().offers_wanted_at
    client.post("/account/mails/", {"offers": "on", "reminders": "on"})
    assert MailChoice.objects.get().offers_wanted_at == asked_at  # when it was asked for first
    client.post("/account/mails/", {"reminders": "on"})
    assert MailChoice.objects.get().offers_wanted_at is None


def test_offers_need_a_day_on_which_they_were_asked_for(learner: User) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        MailChoice.objects.create(user=learner, offers=True, changed_at=clock.now())


def test_a_mail_says_how_it_ends_in_its_text_and_to_mail_programs(
    learner: User, run_jobs: Any
) -> None:
    row = remind(learner)
    assert row.unsubscribe in row.text
    assert row.unsubscribe in row.html
    run_jobs()
    [mail] = sent.outbox
    assert mail.extra_headers["List-Unsubscribe"] == f"<{row.unsubscribe}>"
    assert mail.extra_headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"


def test_looking_at_the_address_asks_and_posting_there_ends_it(learner: User) -> None:
    address = remind(learner).unsubscribe.removeprefix("http://localhost:8000")
    program = Client(enforce_csrf_checks=True)  # a mail program: no session, no token
    assert "<form" in program.get(address).content.decode()
    assert wants(learner, Kind.REMINDERS)
    for _again in range(2):
        answer = program.post(address, {"List-Unsubscribe": "One-Click"})
        assert answer.status_code == 200
    assert not wants(learner, Kind.REMINDERS)
    again = program.get(address).content.decode()
    assert 'class="stack" method="post"' not in again
    assert "不再发送这类邮件" in again


def test_ending_one_kind_leaves_the_other(client: Client, learner: User) -> None:
    mail_choices.choose(user=learner, now=clock.now(), offers=True)
    token = mail_choices.token_of(learner, Kind.OFFERS)
    client.post(f"/mails/stop/{token}/")
    assert wants(learner, Kind.REMINDERS)
    assert not wants(learner, Kind.OFFERS)


def test_a_guessed_or_changed_address_ends_nothing(client: Client, learner: User) -> None:
    token = mail_choices.token_of(learner, Kind.REMINDERS)
    for wrong in ("guessed", token[:-1], token.swapcase(), f"x{token}"):
        assert client.post(f"/mails/stop/{wrong}/").status_code == 404, wrong
    assert wants(learner, Kind.REMINDERS)


def test_a_mail_sent_again_keeps_its_way_out(learner: User) -> None:
    from accounts import mail

    row = remind(learner)
    assert mail.send_again(row, now=clock.now() + timedelta(days=1)).unsubscribe == row.unsubscribe


def test_who_has_gone_gets_none(learner: User) -> None:
    User.objects.filter(pk=learner.pk).update(is_active=False)
    assert not wants(learner, Kind.REMINDERS)
