"""What a track needs of money, and only what is not yet owned is offered."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.http import HttpRequest

from courses.models import CoursePage, TrackPage
from courses.tracks import Path
from payments import sales
from payments.models import Price
from payments.sales import Sale


@dataclass(frozen=True)
class Needed:
    """A course that is not free; `way` leads to buying it, where it is sold and not yet open."""

    course: CoursePage
    is_open: bool
    by_membership: bool
    way: Sale | None


@dataclass(frozen=True)
class Needs:
    courses: list[Needed]
    membership: Price | None  # the lowest of a membership that opens all that is missing

    @property
    def is_open(self) -> bool:
        return all(each.is_open for each in self.courses)

    def __bool__(self) -> bool:
        return bool(self.courses)


def of_track(request: HttpRequest | None, path: Path, page: TrackPage) -> Needs:
    """The courses that whoever looks needs for the track. As many queries for one course as for
    many."""
    courses = _paid(path)
    sales.prepare(request, courses)
    missing = [course for course in courses if course.pk not in path.granted]
    found = [
        Needed(
            course=course,
            is_open=course.pk in path.granted,
            by_membership=sales.owned(request, course).by_membership,
            way=_way(request, course, page) if course in missing else None,
        )
        for course in courses
    ]
    return Needs(found, _opens_all(request, missing))


def _paid(path: Path) -> list[CoursePage]:
    """The courses whose lessons on the path are not all free. Planned ones count: they will be."""
    heard_free = {part.course.pk: bool(part.rows) for stage in path.stages for part in stage.parts}
    for each in path.lessons:
        heard_free[each.course.pk] &= each.lesson.free_preview
    return [course for course in path.courses if not heard_free[course.pk]]


def _way(request: HttpRequest | None, course: CoursePage, page: TrackPage) -> Sale | None:
    """Buying the course itself; memberships have a line of their own."""
    return sales.sale(request, course, page) if sales.offers_for(request, course).own else None


def _opens_all(request: HttpRequest | None, missing: Sequence[CoursePage]) -> Price | None:
    ways = [sales.offers_for(request, course).by_membership for course in missing]
    if not ways:
        return None
    in_all = set.intersection(*({price.offer.membership_id for price in way} for way in ways))
    able = [price for price in ways[0] if price.offer.membership_id in in_all]
    return min(able, key=lambda price: price.amount, default=None)
