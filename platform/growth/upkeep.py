"""What the tick does here again and again."""

from datetime import datetime

from django.utils import timezone

from growth import absences, continuing, letter_sending, letters, win_back_mails, wishes
from operations import clock
from operations.periodic import periodic

MORNING, NIGHT = 8, 21  # hours


@periodic(minutes=15)
def tell_of_opened_courses(now: datetime) -> None:
    """By day, as the site's clock has it: courses open at midnight."""
    if MORNING <= timezone.localtime(now).hour < NIGHT:
        wishes.tell_all(now=now)


@periodic(minutes=5)
def send_letters(now: datetime) -> None:
    """Those whose time has come, and those that were broken off."""
    for letter_id in letter_sending.begin_due(now=now):
        while letter_sending.send_batch(letter_id, now=clock.now()):
            pass


@periodic(minutes=24 * 60)
def forget_unconfirmed(now: datetime) -> None:
    letters.forget(now=now)


@periodic(minutes=24 * 60)
def forget_ended_letters(now: datetime) -> None:
    letters.forget_ended(now=now)


@periodic(minutes=60)
def tell_of_win_back_codes(now: datetime) -> None:
    win_back_mails.tell(now=now)


@periodic(minutes=5)
def send_chosen_reminders(now: datetime) -> None:
    continuing.send_due(now=now)


@periodic(minutes=60)
def remind_the_absent(now: datetime) -> None:
    absences.remind_all(now=now)
