"""What pages ask about money: what is for sale, what somebody has."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db.models import Case, Exists, OuterRef, Prefetch, Q, QuerySet, Subquery, When
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import User
from courses.models import (
    Bundle,
    BundleCourse,
    CoursePage,
    Grant,
    Membership,
    MembershipCourse,
)
from operations import clock
from payments.models import Invoice, Order, PlanChange, Price, Subscription

type Sellable = CoursePage | Bundle | Membership
CHANGES = Prefetch("changes", PlanChange.objects.select_related("price__offer__membership"))
OPEN_BILLS = Prefetch("invoices", Invoice.objects.filter(status="open"), to_attr="open_bills")


def prices_shown(currency: str, *, now: datetime | None = None) -> QuerySet[Price]:
    """Those in force in a currency; what has no price in it is shown in the site's own."""
    default = str(settings.DEFAULT_CURRENCY)
    if currency == default:
        return prices_in_force(now=now)
    own = Price.objects.filter(
        offer=OuterRef("offer"), currency=currency, is_active=True, ends_at=None
    )
    found = _prices(now or clock.now())
    return found.filter(Q(currency=currency) | (Q(currency=default) & ~Exists(own)))


def prices_in_force(currency: str | None = None, *, now: datetime | None = None) -> QuerySet[Price]:
    """Prices that can be bought now, in one currency, in the order the site shows them: one per
    offer, the early one until it ends. A bundle is sold while every course in it is published and
    none is planned."""
    return _prices(now or clock.now()).filter(currency=currency or settings.DEFAULT_CURRENCY)


def _prices(now: datetime) -> QuerySet[Price]:
    """In every currency."""
    early = Price.objects.filter(
        offer=OuterRef("offer"), currency=OuterRef("currency"), is_active=True, ends_at__gt=now
    )
    inside = BundleCourse.objects.filter(bundle=OuterRef("offer__bundle"))
    closed = Q(course__live=False) | Q(course__opens_on__gt=timezone.localdate(now))
    whole = Q(Exists(inside)) & ~Q(Exists(inside.filter(closed)))
    return (
        Price.objects.filter(
            Q(offer__course__live=True)
            | Q(offer__membership__is_for_sale=True)
            | (Q(offer__bundle__is_for_sale=True) & whole),
            Q(ends_at__gt=now) | (Q(ends_at=None) & ~Exists(early)),
            is_active=True,
            offer__is_active=True,
        )
        .annotate(regular_amount=_regular_amount())
        .select_related("offer", "offer__bundle", "offer__membership")
        .order_by("offer__sort_order", "offer__pk")
    )


def _regular_amount() -> Case:
    """What follows an early price, in the smallest unit; None at a regular one."""
    regular = Price.objects.filter(
        offer=OuterRef("offer"), currency=OuterRef("currency"), is_active=True, ends_at=None
    )
    return Case(When(ends_at__isnull=False, then=Subquery(regular.values("amount")[:1])))


@dataclass(frozen=True)
class Offered:
    """The ways to one sellable: buying it, or a bundle or a membership that includes it."""

    own: list[Price]
    by_membership: list[Price]
    by_bundle: list[Price]

    def __bool__(self) -> bool:
        return bool(self.own or self.by_membership or self.by_bundle)


def lowest(prices: Sequence[Price], currency: str) -> Price:
    """Of those in the looker's currency; where there are none, of those in the site's own."""
    return min(comparable(prices, currency), key=lambda price: price.amount)


def comparable(prices: Sequence[Price], currency: str) -> list[Price]:
    """Of `prices_shown`, those in its currency where there are any: amounts of two are not
    compared."""
    return [each for each in prices if each.currency == currency] or list(prices)


class PriceList:
    """The prices one page shows, found with at most four queries however many cards it has (the
    last one only where bundles are sold).

    The first question is answered for itself; the second one fetches the whole list.
    """

    def __init__(self, prices: QuerySet[Price]) -> None:
        self.prices = prices
        self._courses: dict[int, list[Price]] = {}
        self._memberships: dict[int, list[Price]] | None = None
        self._bundles: dict[int, Price] = {}
        self._bundling: dict[int, list[int]] = {}
        self._including: dict[int, list[int]] = {}
        self._asked = False
        self._whole = False

    def of_course(self, course: CoursePage) -> Offered:
        if course.pk not in self._courses and not self._whole:
            self._fetch([course.pk] if not self._asked else None)
        including = self._including.get(course.pk, ())
        return Offered(
            own=self._courses.get(course.pk, []),
            by_membership=[
                price
                for membership_id in including
                for price in (self._memberships or {}).get(membership_id, [])
            ],
            by_bundle=[self._bundles[bundle_id] for bundle_id in self._bundling.get(course.pk, ())],
        )

    def expect(self, courses: Iterable[CoursePage]) -> None:
        """Fetch what a page is about to ask of these courses at once, and nothing of others."""
        missing = [course.pk for course in courses if course.pk not in self._courses]
        if missing and not self._whole:
            self._fetch(missing)

    def of_membership(self, membership: Membership) -> Offered:
        if self._memberships is None:
            self._sort(self.prices.exclude(offer__membership=None))
        return Offered(
            own=(self._memberships or {}).get(membership.pk, []), by_membership=[], by_bundle=[]
        )

    def of_bundle(self, bundle: Bundle) -> Offered:
        own = list(self.prices.filter(offer__bundle=bundle))
        return Offered(own=own, by_membership=[], by_bundle=[])

    def _fetch(self, course_ids: list[int] | None) -> None:
        prices = self.prices.all()
        including = MembershipCourse.objects.filter(membership__is_for_sale=True)
        if course_ids is None:
            self._whole = True
        else:
            prices = prices.filter(Q(offer__course_id__in=course_ids) | Q(offer__course_id=None))
            including = including.filter(course_id__in=course_ids)
            self._courses.update({pk: [] for pk in course_ids})
        self._asked = True
        self._sort(prices)
        found: dict[int, list[int]] = defaultdict(list)
        for course_id, membership_id in including.order_by(
            "membership__sort_order", "membership_id"
        ).values_list("course_id", "membership_id"):
            found[course_id].append(membership_id)
        self._including.update(found)
        if self._bundles:
            self._find_bundles(course_ids)

    def _find_bundles(self, course_ids: list[int] | None) -> None:
        bundling = BundleCourse.objects.filter(bundle__in=self._bundles)
        if course_ids is not None:
            bundling = bundling.filter(course_id__in=course_ids)
        found: dict[int, list[int]] = defaultdict(list)
        for course_id, bundle_id in bundling.order_by(
            "bundle__sort_order", "bundle_id"
        ).values_list("course_id", "bundle_id"):
            found[course_id].append(bundle_id)
        self._bundling.update(found)

    def _sort(self, prices: Iterable[Price]) -> None:
        courses: dict[int, list[Price]] = defaultdict(list)
        memberships: dict[int, list[Price]] = defaultdict(list)
        for price in prices:
            offer = price.offer
            if offer.course_id is not None:
                courses[offer.course_id].append(price)
            elif offer.bundle_id is not None:
                self._bundles.setdefault(offer.bundle_id, price)
            elif offer.membership_id is not None:
                memberships[offer.membership_id].append(price)
        self._courses.update(courses)
        self._memberships = dict(memberships)


@dataclass(frozen=True)
class Ownership:
    """Why somebody has something: the grants that are active now."""

    grants: list[Grant]

    @property
    def direct(self) -> list[Grant]:
        """Grants of the thing itself, not by way of a membership that includes it."""
        return [grant for grant in self.grants if not getattr(grant, "by_way", False)]

    @property
    def by_membership(self) -> bool:
        return bool(self.grants) and not self.direct

    @property
    def until(self) -> datetime | None:
        """When the last of them ends; None is never."""
        ends = [grant.ends_at for grant in self.grants]
        return None if None in ends else max((end for end in ends if end), default=None)

    def __bool__(self) -> bool:
        return bool(self.grants)


def ownership(user: User | AnonymousUser, sellable: Sellable, *, now: datetime) -> Ownership:
    """What `user` holds of a course (also by a membership) or of a membership. One query. A bundle
    is held by whoever holds every course in it for itself."""
    if isinstance(sellable, CoursePage):
        return ownerships(user, [sellable], now=now)[sellable.pk]
    if isinstance(sellable, Bundle):
        each = [one.direct for one in ownerships(user, sellable.courses(), now=now).values()]
        return Ownership([grant for held in each for grant in held] if all(each) else [])
    if not user.is_authenticated:
        return Ownership([])
    grants = Grant.objects.filter(learner_id=user.pk).active(now)
    return Ownership(list(grants.filter(membership_id=sellable.pk)))


def ownerships(
    user: User | AnonymousUser, courses: Iterable[CoursePage], *, now: datetime
) -> dict[int, Ownership]:
    """What `user` holds of each of these courses, by its number. One query; none for visitors."""
    found: dict[int, list[Grant]] = {course.pk: [] for course in courses}
    if found and user.is_authenticated:
        active = Grant.objects.filter(learner_id=user.pk).active(now)
        including = "membership__included_courses__course_id"
        direct = Q(course_id__in=found)
        for grant in active.filter(direct | Q(**{f"{including}__in": found})).annotate(
            opened_id=Coalesce("course_id", including)
        ):
            grant.by_way = grant.course_id is None  # type: ignore[attr-defined]
            found[grant.opened_id].append(grant)
    return {pk: Ownership(grants) for pk, grants in found.items()}


def contained_in(memberships: set[int]) -> set[int]:
    """The memberships that open nothing beyond what these open. One query."""
    inside = MembershipCourse.objects.filter(membership=OuterRef("pk"))
    opened = MembershipCourse.objects.filter(membership__in=memberships).values("course")
    further = inside.exclude(course__in=opened)
    return set(
        Membership.objects.filter(Exists(inside), ~Exists(further)).values_list("pk", flat=True)
    )


def held_until(user: User, membership: Membership, *, now: datetime) -> datetime | None:
    """When the last that they hold of it ends, a term that has yet to begin among it; None is
    never."""
    lasting = Grant.objects.filter(learner=user, membership=membership).lasting(now)
    ends = list(lasting.values_list("ends_at", flat=True))
    return None if None in ends else max((end for end in ends if end), default=None)


def memberships_of(user: User, *, now: datetime) -> QuerySet[Grant]:
    """The memberships that somebody has, or will, other than by a subscription."""
    return (
        Grant.objects.filter(learner=user, membership__isnull=False)
        .exclude(source_kind=Grant.Source.SUBSCRIPTION)
        .lasting(now)
        .select_related("membership")
        .order_by("starts_at", "pk")
    )


def orders_of(user: User) -> QuerySet[Order]:
    """A buyer's orders worth showing, newest first; abandoned ones are not, reservations that
    ended are."""
    return (
        Order.objects.filter(buyer=user)
        .exclude(status=Order.Status.EXPIRED, reservation=None)
        .exclude(status=Order.Status.OPEN, session_id=None)
        .select_related(
            "buyer",
            "price__offer__course",
            "price__offer__bundle",
            "price__offer__membership",
            "gift",
            "reservation",
            "subscription",
        )
        .prefetch_related("refunds__invoice", "refund_requests__invoice", "disputes")
    )


def confirming(user: User, sellable: Sellable) -> QuerySet[Order]:
    """A learner's own orders of which a wallet is still to confirm the payment: of this, and of a
    bundle or membership that has this course in it."""
    own = Q(price__offer__membership=sellable.pk)
    if isinstance(sellable, CoursePage):
        including = MembershipCourse.objects.filter(course=sellable.pk).values("membership")
        own = (
            Q(price__offer__course=sellable.pk)
            | Q(contents__course=sellable.pk)
            | Q(price__offer__membership__in=including)
        )
    elif isinstance(sellable, Bundle):
        own = Q(price__offer__bundle=sellable.pk)
    return Order.objects.filter(
        own,
        buyer=user,
        purpose=Order.Purpose.OWN,
        status__in=[Order.Status.OPEN, Order.Status.RESERVED],
        is_confirming=True,
    )


def subscriptions_of(user: User) -> QuerySet[Subscription]:
    """A learner's subscriptions, newest first, with what they are for."""
    otherwise = Grant.objects.filter(learner=user, membership=OuterRef("offer__membership")).active(
        clock.now()
    )
    return (
        Subscription.objects.filter(learner=user)
        .select_related("offer__membership", "order")
        .prefetch_related(CHANGES, OPEN_BILLS)
        .annotate(held_otherwise=Exists(otherwise))
    )


def invoices_of(user: User) -> QuerySet[Invoice]:
    """What a learner's subscriptions were billed, newest first."""
    return (
        Invoice.objects.filter(subscription__learner=user)
        .exclude(status__in=["", "draft", "void"])
        .select_related("subscription__offer__membership")
        .prefetch_related("refunds", "refund_requests")
    )
