"""What growth holds about a person; letters are an address's, whether it has an account or not."""

from datetime import datetime

from accounts.models import User
from accounts.privacy import Rows, hold, hold_more
from growth.models import LetterSubscription


def _letters(user: User) -> Rows:
    rows = LetterSubscription.objects.filter(email=user.email.lower()).order_by("asked_at")
    names = ("email", "instructor__name", "language", "asked_at", "confirmed_at", "ended_at")
    return [*map(dict, rows.values(*names))]


def _erase_letters(user: User, now: datetime) -> int:
    return LetterSubscription.objects.filter(email=user.email.lower()).delete()[0]


hold("growth.Wish", "learner", erase="delete", export=("course_id", "wished_at", "told_at"))
hold(
    "growth.ContinueAt",
    "learner",
    erase="delete",
    export=("lesson_id", "by", "chosen_at", "due_at", "sent_at"),
)
hold("growth.AbsenceMail", "learner", erase="delete", export=("week", "lesson_id", "sent_at"))
hold(
    "growth.MailChoice",
    "user",
    erase="delete",
    export=("reminders", "offers", "offers_wanted_at", "changed_at"),
)
hold("growth.Follow", "user", erase="delete", export=("instructor__name", "followed_at"))
hold_more("growth.lettersubscription", export=_letters, erase=_erase_letters)
