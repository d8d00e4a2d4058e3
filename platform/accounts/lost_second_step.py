"""Who has lost phone, key and recovery codes cannot sign in any more; a colleague who knows them
takes their second step off, and they set up a new one."""

from uuid import uuid4

from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.db import transaction
from wagtail.log_actions import log

from accounts import mail
from accounts.models import User
from operations import clock

PERMISSION = "accounts.change_user"


def may_be_taken_off(person: User, *, by: User) -> bool:
    """Not one's own: that is what a thief at the desk would do."""
    if person.pk == by.pk or (person.is_superuser and not by.is_superuser):
        return False
    return by.has_perm(PERMISSION) and person.is_active and has_one(person)


def has_one(person: User) -> bool:
    return Authenticator.objects.filter(user=person).exists()


@transaction.atomic
def take_off(person: User, *, by: User | None, reason: str) -> None:
    """Ends their sessions, too, and writes to them, in case it was not they who asked.

    `by` is None on the command line.
    """
    Authenticator.objects.filter(user=person).delete()
    # Once it is so: before, a page asked meanwhile would put the session into the cache again.
    for session in UserSession.objects.filter(user=person):
        transaction.on_commit(session.end)
    log(instance=person, action="accounts.second_factor_off", user=by, data={"reason": reason})
    mail.queue(
        key=f"second_steps_taken_off:{uuid4()}",
        to=person.email,
        template="second_steps_taken_off",
        context={},
        language=person.language,
        now=clock.now(),
        user=person,
    )
