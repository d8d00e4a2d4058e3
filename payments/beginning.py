"""Where studying begins with what somebody has: 「开始第 1 讲」."""

from dataclasses import dataclass
from datetime import datetime, time

from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from wagtail.models import Page

from accounts.models import User
from courses import access
from courses.models import Bundle, CoursePage, LessonPage, Membership, TrackPage
from courses.outline import outline
from learning import states
from learning.queries import next_of
from payments.models import Order

type Sellable = CoursePage | Bundle | Membership


@dataclass(frozen=True)
class Beginning:
    label: str
    url: str
    course: CoursePage | None = None  # whose cover stands beside it


def of(sellable: Sellable, user: User, *, now: datetime) -> Beginning:
    """The next lesson of a course, of a bundle's first that is not done; for a membership, where
    its courses are."""
    if isinstance(sellable, Bundle):
        return of_courses(sellable.courses(), user) or Beginning(
            _("Choose a course"), reverse("catalogue")
        )
    if isinstance(sellable, Membership):
        return Beginning(_("Choose a course"), reverse("catalogue"))
    return _of_course(sellable, user) or Beginning(
        _("To the course"), sellable.get_absolute_url(), sellable
    )


def to(sellable: Sellable) -> Beginning:
    """Its page: where nothing can be begun yet."""
    return Beginning(_("To the course"), address(sellable))


def of_courses(courses: list[CoursePage], user: User) -> Beginning | None:
    """Where the first of them goes on in which something is left to do; None if there is none."""
    return next((found for course in courses if (found := _of_course(course, user))), None)


def _of_course(course: CoursePage, user: User) -> Beginning | None:
    """A preface comes last, heard in part or not: it was free, and is not what was paid for."""
    rows = outline(course, has_grant=True)
    lessons = [row.lesson for row in rows]
    found = states.of(user.pk, [lesson.pk for lesson in lessons])
    regular = [lesson for lesson in lessons if lesson.kind == LessonPage.Kind.REGULAR]
    todo = next_of(regular, found) or next_of(lessons, found)
    row = next((row for row in rows if todo and row.lesson.pk == todo.pk), None)
    if row is None:
        return None
    label = _("Go on with %(lesson)s") if row.lesson.pk in found else _("Begin %(lesson)s")
    url = reverse("lesson", args=[course.slug, row.lesson.slug])
    return Beginning(label % {"lesson": row.name}, url, course)


def of_order(order: Order, *, now: datetime) -> Beginning:
    """What was bought from a track goes on with the track. For a membership: the course it was
    bought from, if that led to it and is now open."""
    if order.is_for_others:
        label = _("To the gift") if order.purpose == Order.Purpose.GIFT else _("To the seats")
        return Beginning(label, reverse("order", args=[order.key]))
    sellable = order.price.offer.sellable
    if order.advance == Order.Advance.WAITING:
        return to(sellable)
    page = order.from_page.specific if order.from_page else None
    if isinstance(page, TrackPage) and page.live:
        return Beginning(_("Go on: %(title)s") % {"title": page.title}, page.get_absolute_url())
    if isinstance(sellable, Bundle):
        bought = [each.course for each in order.contents.select_related("course")]
        return of_courses(bought, order.buyer) or of(sellable, order.buyer, now=now)
    course = _course_behind(page) if isinstance(sellable, Membership) else None
    if course and access.to_course(order.buyer, course, now=now).has_grant:
        sellable = course
    return of(sellable, order.buyer, now=now)


def _course_behind(page: Page | None) -> CoursePage | None:
    if isinstance(page, LessonPage):
        return access.course_of(page)
    return page if isinstance(page, CoursePage) else None


def address(sellable: Sellable) -> str:
    """The page that shows it."""
    if isinstance(sellable, Membership):
        return reverse("membership")
    return sellable.get_absolute_url()


def is_planned(sellable: Sellable, *, now: datetime) -> bool:
    """A course that opens on a day to come is not for sale yet."""
    return isinstance(sellable, CoursePage) and sellable.is_planned(timezone.localdate(now))


def opens_at(sellable: Sellable, *, now: datetime) -> datetime:
    """Midnight of a course's day on the site's clock; now, where that is past or there is none."""
    if not isinstance(sellable, CoursePage) or sellable.opens_on is None:
        return now
    midnight = datetime.combine(sellable.opens_on, time.min, timezone.get_default_timezone())
    return max(midnight, now)
