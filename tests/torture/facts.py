"""What the site has acknowledged, and whether it is so."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from django.db.models import Count, F

from accounts.models import OutboxMessage, User
from courses import access
from courses.models import CoursePage, Grant
from learning import progress, ranges
from learning.models import Highlight, LessonProgress, PlaySession
from learning.ranges import Ranges
from operations.models import ParkedJob
from payments.models import MoneyEntry, Order, WebhookEvent
from payments.sandbox.models import StripeObject

Pair = tuple[int, int]  # learner, lesson (or course)
FOLLOWED = (WebhookEvent.Outcome.DONE, WebhookEvent.Outcome.IGNORED)


@dataclass
class Acknowledged:
    """Each line was answered with a 2xx, or with the redirect that means the same."""

    heard: dict[tuple[int, int, str], tuple[int, Ranges]] = field(default_factory=dict)
    sent: dict[Pair, Ranges] = field(default_factory=dict)  # whether acknowledged or not
    done: set[Pair] = field(default_factory=set)
    # learner, key: what may stand there; None: nothing. One, once that was acknowledged.
    noted: dict[tuple[int, str], set[str | None]] = field(default_factory=dict)
    signed_in: dict[int, str] = field(default_factory=dict)  # learner: cookies
    paid: set[Pair] = field(default_factory=set)
    events: set[str] = field(default_factory=set)
    answers: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def count(self) -> int:
        kinds = (self.heard, self.done, self.signed_in, self.paid, self.events)
        notes = sum(len(each) == 1 for each in self.noted.values())
        return sum(len(kind) for kind in kinds) + notes


def violations(told: Acknowledged, opens: Callable[[str], bool]) -> list[str]:
    """Everything that is not as it must be. `opens`: whether these cookies are signed in."""
    progress.fold()
    return [
        *_beats(told),
        *_marks(told),
        *_notes(told),
        *[f"sign-in of {who} is lost" for who, kept in told.signed_in.items() if not opens(kept)],
        *_events(told),
        *_purchases(told),
        *_money(),
        *_jobs(),
    ]


def _beats(told: Acknowledged) -> Iterator[str]:
    """What was acknowledged is in progress, and nothing is there that nobody sent."""
    for (learner, lesson, session), (seq, heard) in told.heard.items():
        kept = PlaySession.objects.filter(learner_id=learner, lesson_id=lesson, session=session)
        if not kept.filter(seq__gte=seq).exists():
            yield f"beat {seq} of session {session} is lost"
        row = LessonProgress.objects.filter(learner_id=learner, lesson_id=lesson).first()
        if row is None or ranges.union(row.ranges, heard) != row.ranges:
            yield f"what {learner} heard of lesson {lesson} is lost: {heard}"
    for (learner, lesson), sent in told.sent.items():
        row = LessonProgress.objects.filter(learner_id=learner, lesson_id=lesson).first()
        if row is not None and ranges.union(sent, row.ranges) != ranges.union(sent):
            yield f"{learner} never heard all that of lesson {lesson}: {row.ranges}"


def _marks(told: Acknowledged) -> Iterator[str]:
    for learner, lesson in told.done:
        marked = LessonProgress.objects.filter(learner_id=learner, lesson_id=lesson)
        if not marked.filter(done_at__isnull=False).exists():
            yield f"the mark of {learner} at lesson {lesson} is lost"


def _notes(told: Acknowledged) -> Iterator[str]:
    writers = {learner for learner, _key in told.noted}
    rows = Highlight.objects.filter(learner_id__in=writers)
    kept = {(row.learner_id, str(row.key)): row.thought for row in rows}
    for place, allowed in told.noted.items():
        if kept.get(place) not in allowed:
            yield f"note {place} reads {kept.get(place)!r}: {allowed} is lost"
    yield from (f"nobody wrote note {place}" for place in kept.keys() - told.noted.keys())


def _events(told: Acknowledged) -> Iterator[str]:
    stored = set(WebhookEvent.objects.values_list("stripe_id", flat=True))
    yield from (f"event {event} was acknowledged and is lost" for event in told.events - stored)
    for event in WebhookEvent.objects.exclude(outcome__in=FOLLOWED):
        yield f"event {event.stripe_id} ({event.type}) was never worked through: {event.error}"


def _purchases(told: Acknowledged) -> Iterator[str]:
    for learner, course in told.paid:
        buyer, page = User.objects.get(pk=learner), CoursePage.objects.get(pk=course)
        if not access.to_course(buyer, page).has_grant:
            yield f"{learner} paid for course {course} and may not open it"
    for session in StripeObject.objects.filter(kind="checkout.session"):
        if session.data["payment_status"] == "paid":
            yield from _follows(session)


def _follows(session: StripeObject) -> Iterator[str]:
    """What is paid at Stripe is opened, entered and told of, each once."""
    order = Order.objects.filter(session_id=session.stripe_id).first()
    if order is None or order.status not in (Order.Status.FULFILLED, Order.Status.REFUNDED):
        yield f"{session.stripe_id} is paid, its order is {order.status if order else 'lost'}"
        return
    grants = Grant.objects.filter(learner_id=order.buyer_id, source_id=order.source_id)
    charges = MoneyEntry.objects.filter(order=order, kind=MoneyEntry.Kind.CHARGE)
    mails = OutboxMessage.objects.filter(key=f"order-paid-{order.pk}")
    for name, found in (("grants", grants), ("charges", charges), ("mails", mails)):
        if found.count() != 1:
            yield f"order {order.pk} has {found.count()} {name}"


def _money() -> Iterator[str]:
    entered = MoneyEntry.objects.filter(kind=MoneyEntry.Kind.CHARGE).count()
    charged = StripeObject.objects.filter(kind="charge", data__status="succeeded").count()
    if entered != charged:
        yield f"{charged} charges at Stripe, {entered} in the books"
    kept = Order.objects.filter(status=Order.Status.FULFILLED)
    twice = kept.values("buyer", "price__offer").annotate(times=Count("pk")).filter(times__gt=1)
    yield from (f"{row['buyer']} has bought the same {row['times']} times" for row in twice)
    for order in kept.exclude(amount=F("price__amount")):
        yield f"order {order.pk} is not of its price"


def _jobs() -> Iterator[str]:
    for parked in ParkedJob.objects.all():
        yield f"job {parked.path} was parked: {parked.error}"
