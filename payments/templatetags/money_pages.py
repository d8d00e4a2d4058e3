"""What courses' and home's templates show of money: a way to buy, or nothing (`payments.sales`)."""

from dataclasses import dataclass
from urllib.parse import urlencode

from django import template
from django.conf import settings
from django.template.context import Context
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import currencies, limits
from courses.models import CoursePage, LessonPage
from courses.outline import OutlineRow
from operations import clock
from pages.templatetags.site_tags import legal_url
from payments import notices, promotion_in_hand, queries, reservation_standing, sales
from payments.models import Price
from payments.promotion_in_hand import InHand

register = template.Library()


@register.simple_tag(takes_context=True)
def sale(
    context: Context,
    sellable: queries.Sellable,
    page: object = None,
    block_id: str = "",
) -> sales.Sale | None:
    """`{% sale course page as sale %}`: how it is bought from this page; None if it is not sold."""
    return sales.sale(context.get("request"), sellable, page, block_id)


@register.simple_tag(takes_context=True)
def membership_price(context: Context) -> Price | None:
    """The first price of the membership that is for sale, in the looker's currency where it has
    one (one query, kept with the request)."""
    request = context.get("request")
    kept = request.__dict__ if request is not None else {}
    if "_membership_price" not in kept:
        seen_in = currencies.of(request)
        found = queries.prices_shown(seen_in).filter(offer__membership__is_for_sale=True)
        rows = list(
            found.order_by("offer__membership__sort_order", "offer__sort_order", "offer__pk")
        )
        own = (
            each
            for each in rows
            if each.currency == seen_in and each.offer.membership_id == rows[0].offer.membership_id
        )
        kept["_membership_price"] = next(own, rows[0] if rows else None)
    price: Price | None = kept["_membership_price"]
    return price


@dataclass(frozen=True)
class Paywall:
    """The variables of components/paywall.html; without `buy_url` the course is not sold."""

    question: str
    gets: list[str]
    amount: str = ""
    was: str = ""
    early: str = ""
    per: str = ""
    buy_url: str = ""
    buy_label: str = ""
    enrol: str = ""
    member_url: str = ""
    member_line: str = ""
    bundle_url: str = ""
    bundle_line: str = ""
    free_url: str = ""
    free_title: str = ""
    refund_url: str = ""
    refund_line: str = ""
    sign_in_url: str = ""
    sign_in_label: str = ""


@register.simple_tag(takes_context=True)
def paywall(
    context: Context,
    lesson: LessonPage,
    course: CoursePage,
    rows: list[OutlineRow],
    free_row: OutlineRow | None,
) -> Paywall:
    """`{% paywall lesson course rows free_row as wall %}`"""
    way = sales.sale(context.get("request"), course, lesson)
    is_free = bool(way and way.enrol)
    refund_url = "" if is_free else legal_url(context, "refunds")
    sign_in_url = _sign_in_url(context)
    return Paywall(
        question=lesson.question or lesson.title,
        gets=_gets(course, len(rows)),
        amount=way.amount if way else "",
        was=way.was if way else "",
        early=way.early if way else "",
        per=way.per if way else "",
        buy_url=way.url if way else "",
        buy_label=_buy_label(way) if way else "",
        enrol=way.enrol if way and not sign_in_url else "",
        member_url=way.member_url if way else "",
        bundle_url=way.bundle_url if way else "",
        bundle_line=way.bundle_line if way else "",
        member_line=(way.member_line or way.note) if way else "",
        free_url=_lesson_url(course, free_row) if free_row else "",
        free_title=free_row.name if free_row else "",
        refund_url=refund_url,
        refund_line=_("Not what you hoped for? See the refund rules") if refund_url else "",
        sign_in_url=sign_in_url,
        sign_in_label=_("Enrolled already? Sign in")
        if is_free
        else _("Bought it already? Sign in"),
    )


def _buy_label(way: sales.Sale) -> str:
    if not way.direct or way.enrol:
        return way.label
    return _("%(amount)s, buy this course") % {"amount": way.amount}


def _gets(course: CoursePage, lessons: int) -> list[str]:
    """What one would get, in short lines."""
    planned = max(course.lessons_in_all, lessons)
    words = ngettext(
        "%(number)d lesson, yours for good", "%(number)d lessons, yours for good", planned
    ) % {"number": planned}
    if planned > lessons:
        words += _(" (%(number)d are out)") % {"number": lessons}
    promise = [course.promise] if course.promise else []
    return [
        *promise,
        words,
        _("Read along, tap a sentence to hear it, go on on any device"),
    ]


def _lesson_url(course: CoursePage, row: OutlineRow) -> str:
    return reverse("lesson", args=[course.slug, row.lesson.slug])


def _sign_in_url(context: Context) -> str:
    request = context.get("request")
    if request is None or request.user.is_authenticated:
        return ""
    return f"{reverse('account_login')}?{urlencode({'next': request.path})}"


@register.simple_tag(takes_context=True)
def code_in_hand(context: Context) -> InHand:
    """`{% code_in_hand as brought %}`: the promotion code that led here, or to a page before. It is
    kept until the page that reckons with it; a query where there is one."""
    request = context.get("request")
    if request is None or not hasattr(request, "session"):
        return InHand()
    if "code" in request.GET:
        if not limits.consume(request, "promotion_code"):
            return InHand()
    elif settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return InHand()
    return promotion_in_hand.of(request, now=clock.now())


@register.simple_tag(takes_context=True)
def membership_notice(context: Context) -> notices.Notice | None:
    """`{% membership_notice as notice %}`: what the learner should know of their membership."""
    request = context.get("request")
    if request is None or not request.user.is_authenticated:
        return None
    return notices.of_memberships(request.user, now=clock.now())


@register.simple_tag(takes_context=True)
def failing_notice(context: Context) -> notices.Notice | None:
    """`{% failing_notice as notice %}`: that a renewal has failed, and where to mend it."""
    request = context.get("request")
    if request is None or not request.user.is_authenticated:
        return None
    found = notices.of_subscription(request.user, now=clock.now())
    return found if found and found.kind == "warn" else None


@register.simple_tag(takes_context=True)
def reservation_of(context: Context, course: CoursePage) -> reservation_standing.InBar | None:
    """`{% reservation_of course as reserved %}`: what the bar to buy says instead of an offer."""
    request = context.get("request")
    if request is None or not request.user.is_authenticated:
        return None
    return reservation_standing.in_bar(request.user, course, now=clock.now())


@register.simple_tag(takes_context=True)
def closed_notice(context: Context, course: CoursePage) -> notices.Notice | None:
    """`{% closed_notice course as notice %}`: why a course that was open to them is closed."""
    request = context.get("request")
    if request is None or not request.user.is_authenticated:
        return None
    now = clock.now()
    return (
        reservation_standing.notice(request.user, course, now=now)
        or notices.of_waiting(request.user, course)
        or notices.of_dispute(request.user, course)
        or notices.of_memberships(request.user, now=now)
        or notices.of_refund(request.user, course, now=now)
    )
