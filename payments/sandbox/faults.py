"""Things that go wrong, on demand: each fault strikes a number of times and is gone.

At the API's door:
- rate_limit, server_error, no_connection: the request is refused, nothing has happened;
- answer_lost, timeout, broken_answer: it HAS happened, only the answer does not arrive well.

On the way to the webhook:
- drop: not sent this time (the retry comes later);
- duplicate: sent twice; delay: held back ten minutes;
- reorder: what is due goes out in reverse;
- old_signature: sent once more, with a signature ten minutes old.
"""

from enum import StrEnum

from django.db.models import F

from payments.sandbox import store
from payments.sandbox.models import Fault


class Kind(StrEnum):
    RATE_LIMIT = "rate_limit"
    SERVER_ERROR = "server_error"
    NO_CONNECTION = "no_connection"
    ANSWER_LOST = "answer_lost"
    TIMEOUT = "timeout"
    BROKEN_ANSWER = "broken_answer"
    DROP = "drop"
    DUPLICATE = "duplicate"
    DELAY = "delay"
    REORDER = "reorder"
    OLD_SIGNATURE = "old_signature"


BEFORE = (Kind.RATE_LIMIT, Kind.SERVER_ERROR, Kind.NO_CONNECTION)
AFTER = (Kind.ANSWER_LOST, Kind.TIMEOUT, Kind.BROKEN_ANSWER)
WEBHOOK = (Kind.DROP, Kind.DUPLICATE, Kind.DELAY, Kind.REORDER, Kind.OLD_SIGNATURE)


def plan(kind: Kind | str, *, times: int = 1, match: str = "") -> None:
    """The next `times` requests or deliveries whose name begins with `match` meet this fault.
    A request's name is like "POST /v1/refunds", a delivery's is the event's type."""
    with store.transaction():
        Fault.objects.create(kind=Kind(kind), times=times, match=match)


def clear() -> None:
    with store.transaction():
        Fault.objects.all().delete()


def strikes(kinds: tuple[Kind, ...], name: str) -> Kind | None:
    """The fault that meets this request or delivery, used up by one."""
    if not Fault.objects.filter(kind__in=kinds).exists():
        return None
    with store.transaction():
        for fault in Fault.objects.filter(kind__in=kinds, times__gt=0).order_by("id"):
            if name.startswith(fault.match):
                Fault.objects.filter(pk=fault.pk).update(times=F("times") - 1)
                Fault.objects.filter(times=0).delete()
                return Kind(fault.kind)
    return None
