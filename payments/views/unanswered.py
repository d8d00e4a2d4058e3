"""What was asked of Stripe about a subscription while its answer was lost: kept in the session of
whoever asked, until it was looked up and they could read how it came out."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from payments import pausing, switching, upcoming
from payments.models import Subscription

KEY = "unanswered"
# So long one reads that it came to nothing; afterwards something else may have been done since.
TOLD_FOR = timedelta(days=1)


def _goes_on(row: Subscription) -> bool:
    return not (row.collection_paused or row.period_is_unpaid)


# By the act: its name on the button, and whether it was done.
ACTS: dict[str, tuple[object, Callable[[Subscription], bool]]] = {
    "cancel": (
        gettext_lazy("Cancel the renewal"),
        lambda row: row.ends_by_itself or not row.is_live,
    ),
    "resume": (gettext_lazy("Resume"), lambda row: not row.ends_by_itself),
    "pause": (gettext_lazy("Pause"), lambda row: row.collection_paused),
    "unpause": (gettext_lazy("Go on now"), _goes_on),
    "call_off": (gettext_lazy("Call the pause off"), _goes_on),
    "withdraw": (
        gettext_lazy("Take the change back"),
        lambda row: not switching.stands_in_the_way(row),
    ),
}


def keep(request: HttpRequest, row: Subscription, act: str, *, now: datetime) -> None:
    kept = request.session.get(KEY, {})
    request.session[KEY] = kept | {str(row.pk): [act, now.isoformat()]}


def forget(request: HttpRequest, row: Subscription) -> None:
    kept = request.session.get(KEY, {})
    if kept.pop(str(row.pk), None):
        request.session[KEY] = kept


def sentence(request: HttpRequest, row: Subscription, *, now: datetime) -> str:
    """That it is being looked up, or came to nothing; "" where it was done, or nothing asked."""
    found = request.session.get(KEY, {}).get(str(row.pk))
    if found is None:
        return ""
    name, is_done = ACTS[found[0]]
    asked_at = datetime.fromisoformat(found[1])
    if is_done(row):
        forget(request, row)
        return ""
    if _is_looked_up(row, found[0], asked_at, now=now):
        if now - asked_at > TOLD_FOR:
            forget(request, row)
            return ""
        return _("“%(act)s” came to nothing: all is as before. You can do it again.") % {
            "act": name
        }
    return _(
        "“%(act)s”: Stripe has not answered, so it is not known yet whether this was done. We are "
        "looking into it; this page will tell."
    ) % {"act": name}


def _is_looked_up(row: Subscription, act: str, asked_at: datetime, *, now: datetime) -> bool:
    """A pause is given up when its own job has seen that Stripe does not know it, its end when it
    can be asked for again; a change that is being taken back is not given up at all."""
    if act == "pause" and row.pauses.filter(resumed_at=None).exists():
        return False
    if act in ("unpause", "call_off") and now - asked_at < pausing.PATIENCE:
        return False
    if act == "withdraw" and (change := upcoming.open_change(row)) and change.withdrawing_at:
        return False
    return row.fetched_at is not None and row.fetched_at > asked_at
