from growth.models.absences import AbsenceMail
from growth.models.continuing import ContinueAt
from growth.models.follows import Follow
from growth.models.letters import Letter, LetterSubscription
from growth.models.mail_choices import MailChoice
from growth.models.wishes import Wish

__all__ = [
    "AbsenceMail",
    "ContinueAt",
    "Follow",
    "Letter",
    "LetterSubscription",
    "MailChoice",
    "Wish",
]
