"""What time takes away: the words of old mails, and sign-ups that nobody ever confirmed."""

from datetime import datetime, timedelta

from accounts import mail, privacy
from accounts.models import OutboxMessage, User
from operations.periodic import periodic

WORTH_SENDING = timedelta(days=1)
MAILS_KEPT = timedelta(days=30)
SIGN_UPS_KEPT = timedelta(days=7)


@periodic(minutes=60)
def forget_old_mails(now: datetime) -> None:
    """What told of a fact leaves its key: found again, the fact is not told again."""
    old = OutboxMessage.objects.filter(created_at__lt=now - MAILS_KEPT)
    old.filter(about="").delete()
    old.exclude(text="").update(to="", text="", html="", error="")


@periodic(minutes=5)
def send_caught_mails(now: datetime) -> None:
    """Those of the last day that waited for a mail server to be set."""
    if not mail.server_is_set():
        return
    waiting = OutboxMessage.objects.filter(
        caught=True, sent_at=None, created_at__gt=now - WORTH_SENDING
    )
    for message in waiting:
        mail.send.enqueue(message=message.pk)


@periodic(minutes=60)
def forget_unconfirmed_sign_ups(now: datetime) -> None:
    """An address that was typed and never confirmed is free again; whoever has a role stays."""
    User.objects.filter(
        date_joined__lt=now - SIGN_UPS_KEPT,
        last_login=None,
        groups=None,
        is_staff=False,
        is_superuser=False,
        deletion=None,
        consents__isnull=False,
    ).exclude(emailaddress__verified=True).delete()


@periodic(minutes=60)
def delete_again_after_a_restore(now: datetime) -> None:
    """Who could not be deleted at once: something of theirs was not yet known to be over."""
    privacy.replay(now=now)
