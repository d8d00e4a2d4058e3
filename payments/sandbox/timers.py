"""What happens by itself when its time has come, in order."""

from collections.abc import Callable
from datetime import datetime

from payments.sandbox import store
from payments.sandbox.models import Timer

# action -> (id of the object, now)
ACTIONS: dict[str, Callable[[str, datetime], None]] = {}


def on_timer(
    action: str,
) -> Callable[[Callable[[str, datetime], None]], Callable[[str, datetime], None]]:
    """Enters the decorated function as what a timer's action does."""

    def enter(function: Callable[[str, datetime], None]) -> Callable[[str, datetime], None]:
        ACTIONS[action] = function
        return function

    return enter


def next_due() -> int | None:
    """The second at which the next thing is due."""
    return Timer.objects.order_by("due", "id").values_list("due", flat=True).first()


def run_due(now: datetime) -> int:
    """Does all that is due, each in a transaction of its own. Gives how many things that were."""
    done = 0
    while _run_next(now):
        done += 1
    return done


def _run_next(now: datetime) -> bool:
    with store.transaction():
        timer = Timer.objects.filter(due__lte=store.stamp(now)).order_by("due", "id").first()
        if timer is None:
            return False
        timer.delete()
        ACTIONS[timer.action](timer.target, now)
        return True
