"""A bundle as whoever looks at it would get it: what is in it, what it saves, what they have."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext, pgettext

from accounts.models import User
from courses import queries as queries_of_courses
from courses.models import Bundle, CoursePage
from operations import sentences
from payments import money, queries
from payments.models import Order, OrderedCourse, Price

MOST_TOLD = 500  # characters, of one value of Stripe's metadata


@dataclass(frozen=True)
class Part:
    """A course of the bundle: its lowest price alone, and whether it is owned or open already."""

    course: CoursePage
    alone: Price | None
    owned: bool
    open_as_member: bool

    @property
    def alone_shown(self) -> str:
        return money.in_words(self.alone.amount, self.alone.currency) if self.alone else ""


@dataclass(frozen=True)
class Contents:
    parts: list[Part]

    @property
    def numbers(self) -> str:
        """Of its courses: what a form says was shown."""
        return " ".join(str(part.course.pk) for part in self.parts)

    @property
    def owned(self) -> list[Part]:
        return [part for part in self.parts if part.owned]

    @property
    def all_owned(self) -> bool:
        return bool(self.parts) and all(part.owned for part in self.parts)

    @property
    def open_as_member(self) -> bool:
        return any(part.open_as_member for part in self.parts)

    @property
    def sum_alone(self) -> int | None:
        """What the courses that are not owned yet cost one by one, in the smallest unit; None where
        one is not sold so."""
        missing = [part for part in self.parts if not part.owned]
        amounts = [part.alone.amount for part in missing if part.alone]
        return sum(amounts) if len(amounts) == len(missing) else None


def keep(order: Order, courses: Iterable[CoursePage]) -> None:
    """What an order opens, as it was when the buyer saw it."""
    OrderedCourse.objects.bulk_create(
        OrderedCourse(order=order, course=course, position=position)
        for position, course in enumerate(courses)
    )


def changed(bundle: Bundle, *, was: Collection[int]) -> str:
    """What came into it and left it since it was shown, in sentences."""
    inside = bundle.courses()
    new = [course for course in inside if course.pk not in was]
    gone = CoursePage.objects.filter(pk__in=set(was) - {course.pk for course in inside})
    told = [gettext("What is in the bundle has changed. Nothing was charged.")]
    if was and new:
        told.append(gettext("New in it: %(titles)s.") % {"titles": _titles(new)})
    if gone:
        told.append(gettext("No longer in it: %(titles)s.") % {"titles": _titles(gone)})
    return sentences.joined(told)


def _titles(courses: Iterable[CoursePage]) -> str:
    name = pgettext("course title", "{title}")
    return gettext(", ").join(name.format(title=course.title) for course in courses)


def as_told(order: Order) -> dict[str, str]:
    """What Stripe keeps of an order's courses, should ours be lost: part of its metadata."""
    inside = " ".join(map(str, order.contents.values_list("course_id", flat=True)))
    return {"courses": inside} if 0 < len(inside) <= MOST_TOLD else {}


def told(metadata: Mapping[str, str], bundle: Bundle) -> list[CoursePage]:
    """The courses of an order that Stripe remembers; where it does not, those of the bundle now."""
    numbers = [int(word) for word in metadata.get("courses", "").split() if word.isdecimal()]
    found = CoursePage.objects.in_bulk(numbers)
    return [found[pk] for pk in numbers if pk in found] or bundle.courses()


def contents(
    bundle: Bundle, *, currency: str, user: User | AnonymousUser, now: datetime
) -> Contents:
    """As many queries for one course as for many. Prices are in this currency, to be added up."""
    courses = queries_of_courses.courses_in(bundle)
    prices = queries.PriceList(queries.prices_in_force(currency, now=now))
    prices.expect(courses)
    held = queries.ownerships(user, courses, now=now)
    return Contents(
        [
            Part(
                course=course,
                alone=min(
                    prices.of_course(course).own, key=lambda price: price.amount, default=None
                ),
                owned=bool(held[course.pk].direct),
                open_as_member=held[course.pk].by_membership,
            )
            for course in courses
        ]
    )
