"""How fast a learner listens: in every course, or in one of them."""

from dataclasses import dataclass
from decimal import Decimal

from django.db import transaction

from learning.beats import Nonsense, message_of
from learning.models import ListeningSpeed

EVERYWHERE = 0  # in the place of a course's id
LARGEST = 2 * 1024  # bytes


@dataclass(frozen=True)
class Speed:
    rate: float | None  # times as fast as it was spoken; None: never chosen
    of_course: bool  # whether it is this course's alone


@dataclass(frozen=True)
class Choice:
    """`of_course` without a rate: the course has one of its own no more."""

    rate: Decimal | None
    of_course: bool | None  # None: nothing is chosen, only asked


def read(body: bytes) -> tuple[str, Choice]:
    """JSON `{"token", "rate", "of_course"}`; the last two as they change. Raises Nonsense."""
    message = message_of(body)
    rate, of_course = message.get("rate"), message.get("of_course")
    if of_course not in (None, True, False):
        raise Nonsense("of_course is no yes or no")
    if rate is None:
        return message["token"], Choice(None, of_course)
    if isinstance(rate, bool) or not isinstance(rate, int | float):
        raise Nonsense("rate is no number")
    if not ListeningSpeed.SLOWEST <= rate <= ListeningSpeed.FASTEST:
        raise Nonsense("rate is out of range")
    return message["token"], Choice(round(Decimal(rate), 2), bool(of_course))


def of(learner_id: int, course_id: int) -> Speed:
    """One query."""
    rows = ListeningSpeed.objects.filter(
        learner_id=learner_id, course_id__in=[EVERYWHERE, course_id]
    )
    found = dict(rows.values_list("course_id", "rate"))
    rate = found.get(course_id, found.get(EVERYWHERE))
    return Speed(None if rate is None else float(rate), course_id in found)


@transaction.atomic
def choose(choice: Choice, *, learner_id: int, course_id: int) -> None:
    """Keep it, for this course alone or for all that have none of their own."""
    if choice.of_course is False:
        ListeningSpeed.objects.filter(learner_id=learner_id, course_id=course_id).delete()
    if choice.rate is not None:
        ListeningSpeed.objects.update_or_create(
            learner_id=learner_id,
            course_id=course_id if choice.of_course else EVERYWHERE,
            defaults={"rate": choice.rate},
        )
