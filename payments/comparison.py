"""What is free, what is bought, what a membership opens: side by side, in figures of the moment."""

from dataclasses import dataclass
from datetime import date

from courses import queries as queries_of_courses
from courses.models import CoursePage, Membership, MembershipCourse
from payments import queries
from payments.models import Price


@dataclass(frozen=True)
class Comparison:
    free_lessons: int
    courses: int  # in the membership
    alone: Price | None  # the lowest price of a course that is sold alone, and not free
    rate: Price  # the lowest of the membership


def of(membership: Membership, prices: list[Price], *, currency: str, today: date) -> Comparison:
    """`prices` are the membership's, of which those in the looker's `currency` are named where
    there are any. What is planned is not counted yet. Three queries."""
    live = CoursePage.objects.live().exclude(opens_on__gt=today)
    free = queries_of_courses.lessons_of(live).filter(free_preview=True)
    included = MembershipCourse.objects.filter(membership=membership, course__in=live)
    rate = queries.lowest(prices, currency)
    alone = queries.prices_in_force(rate.currency).filter(offer__course__in=live, amount__gt=0)
    return Comparison(
        free_lessons=free.count(),
        courses=included.count(),
        alone=alone.order_by("amount").first(),
        rate=rate,
    )
