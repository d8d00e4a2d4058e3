"""What is for sale and what was bought, as rows (no Stripe behind them)."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import factory
from django.core.files.base import ContentFile
from django.utils import timezone

from accounts.models import User
from courses.models import Bundle, CoursePage, Grant, Membership
from operations import clock
from operations import clock as site_clock
from payments import batches, codes
from payments.models import (
    Dispute,
    Fapiao,
    Gift,
    Invoice,
    Offer,
    Order,
    Price,
    PromotionCode,
    RedeemBatch,
    RedeemCode,
    Refund,
    Reservation,
    Subscription,
    WebhookEvent,
)
from tests.factories import MembershipFactory, UserFactory, course
from tests.factories import course as make_course

NOW = datetime(2026, 11, 23, 4, tzinfo=UTC)
DAY, SECOND = timedelta(days=1), timedelta(seconds=1)
END = NOW + 30 * DAY  # 23 December: of a month that was just paid
ACCOUNT = "acct_sandbox"
PAGE = {"hosted_invoice_url": "https://stripe.example/bill"}
VOID = {"latest_invoice": {"billing_reason": "subscription_cycle", "status": "void"}}
LEARNING = "What you have studied is kept."


class OfferFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Offer

    kind = Offer.Kind.RECURRING
    interval = factory.Maybe(
        factory.LazyAttribute(lambda offer: offer.kind == Offer.Kind.RECURRING), "month", None
    )
    membership = factory.SubFactory(MembershipFactory)


class PriceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Price

    offer = factory.SubFactory(OfferFactory)
    currency = "CNY"
    amount = 3900
    created_at = NOW


class OrderFactory(factory.django.DjangoModelFactory):
    """An open order; `OrderFactory(fulfilled=True)` is one that was paid and opened."""

    class Meta:
        model = Order

    class Params:
        fulfilled = factory.Trait(
            status=Order.Status.FULFILLED,
            paid_at=NOW,
            fulfilled_at=NOW,
            payment_intent_id=factory.Sequence(lambda n: f"pi_test_{n}"),
            charge_id=factory.Sequence(lambda n: f"ch_test_{n}"),
        )

    buyer = factory.SubFactory(UserFactory)
    price = factory.SubFactory(PriceFactory)
    amount = factory.SelfAttribute("price.amount")
    currency = factory.SelfAttribute("price.currency")
    account = ACCOUNT
    session_id = factory.Sequence(lambda n: f"cs_test_{n}")
    created_at = NOW


class ReservationFactory(factory.django.DjangoModelFactory):
    """A card is kept for an order of ¥39 that is charged in ten days; `ReservationFactory(
    refused=True)`: the bank said no."""

    class Meta:
        model = Reservation

    class Params:
        refused = factory.Trait(charging_at=NOW, refused_at=NOW, pay_until=NOW + timedelta(days=7))

    order = factory.SubFactory(OrderFactory, status=Order.Status.RESERVED)
    customer_id = factory.Sequence(lambda n: f"cus_test_{n}")
    payment_method_id = factory.Sequence(lambda n: f"pm_test_{n}")
    reserved_at = NOW
    day = (NOW + timedelta(days=10)).date()


class FapiaoFactory(factory.django.DjangoModelFactory):
    """Asked for by a company; `FapiaoFactory(issued=True)` is noted as issued."""

    class Meta:
        model = Fapiao

    class Params:
        issued = factory.Trait(
            number=factory.Sequence(lambda n: f"26{n:06}"), issued_on=NOW.date(), issued_at=NOW
        )

    order = factory.SubFactory(OrderFactory, fulfilled=True)
    kind = Fapiao.Kind.COMPANY
    title = factory.Sequence(lambda n: f"第{n}有限公司")
    tax_number = "91110000802100433B"
    email = factory.Sequence(lambda n: f"books{n}@example.com")
    asked_at = NOW
    changed_at = NOW


class SubscriptionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Subscription

    account = ACCOUNT
    stripe_id = factory.Sequence(lambda n: f"sub_test_{n}")
    learner = factory.SubFactory(UserFactory)
    offer = factory.SubFactory(OfferFactory)
    status = "active"
    amount = 3900
    currency = "CNY"
    started_at = NOW
    period_start = NOW
    period_end = NOW + timedelta(days=30)


class InvoiceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Invoice

    account = ACCOUNT
    stripe_id = factory.Sequence(lambda n: f"in_test_{n}")
    payment_intent_id = factory.Sequence(lambda n: f"pi_of_bill_{n}")
    subscription = factory.SubFactory(SubscriptionFactory)
    status = "paid"
    amount_due = 3900
    amount_paid = 3900
    currency = "CNY"
    created_at = NOW
    paid_at = NOW


class DisputeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Dispute

    account = ACCOUNT
    stripe_id = factory.Sequence(lambda n: f"dp_test_{n}")
    order = factory.SubFactory(OrderFactory, fulfilled=True)
    status = "needs_response"
    reason = "fraudulent"
    amount = factory.SelfAttribute("order.amount")
    currency = "CNY"
    created_at = NOW


class RefundFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Refund

    account = ACCOUNT
    stripe_id = factory.Sequence(lambda n: f"re_test_{n}")
    order = factory.SubFactory(OrderFactory, fulfilled=True)
    status = "succeeded"
    amount = factory.SelfAttribute("order.amount")
    currency = factory.SelfAttribute("order.currency")
    created_at = NOW


class WebhookEventFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = WebhookEvent

    account = ACCOUNT
    stripe_id = factory.Sequence(lambda n: f"evt_test_{n}")
    type = "checkout.session.completed"
    body = "{}"
    sent_at = NOW
    received_at = NOW


class GiftFactory(factory.django.DjangoModelFactory):
    """A gift that is paid and waits to be claimed."""

    class Meta:
        model = Gift

    key = factory.LazyFunction(uuid4)
    order = factory.SubFactory(OrderFactory, fulfilled=True, purpose=Order.Purpose.GIFT)
    minted = 1
    digest = factory.LazyAttribute(lambda gift: codes.digest(codes.derive(gift.key, gift.minted)))
    giver_name = "林岚"
    claimable_until = factory.LazyFunction(lambda: site_clock.now() + timedelta(days=365))


class RedeemBatchFactory(factory.django.DjangoModelFactory):
    """A batch of which no code is there yet; `batch_of` makes a whole one."""

    class Meta:
        model = RedeemBatch

    name = "读书节"
    course = factory.LazyFunction(course)
    key = factory.LazyFunction(uuid4)
    size = 2
    redeemable_until = NOW + timedelta(days=9000)  # later than any day on which tests run
    made_by = factory.SubFactory(UserFactory)
    created_at = NOW


class RedeemCodeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = RedeemCode

    batch = factory.SubFactory(RedeemBatchFactory)
    serial = 1
    digest = factory.LazyAttribute(
        lambda code: codes.digest(codes.derive(code.batch.key, code.serial))
    )


def batch_of(size: int = 1, **fields: Any) -> tuple[RedeemBatch, list[str]]:
    """A whole batch, and its codes as they are handed out."""
    fields = {"course": None if "membership" in fields else course()} | fields
    batch = batches.make(RedeemBatchFactory.build(size=size, made_by=UserFactory(), **fields))
    rows = batch.codes.select_related("batch").order_by("serial")
    return batch, [codes.shown(batches.code_of(row)) for row in rows]


def course_price(course: CoursePage, amount: int = 9900, **fields: Any) -> Price:
    """The price of a course, bought once for good."""
    offer = OfferFactory(course=course, membership=None, kind=Offer.Kind.ONE_OFF)
    return PriceFactory(offer=offer, amount=amount, **fields)


def bundle_price(bundle: Bundle, amount: int = 14900, **fields: Any) -> Price:
    """The price of a bundle, bought once for good."""
    offer = OfferFactory(bundle=bundle, membership=None, kind=Offer.Kind.ONE_OFF)
    return PriceFactory(offer=offer, amount=amount, **fields)


def sold_in_advance(course: CoursePage | None = None, *, days: int = 10, **fields: Any) -> Price:
    """The price of a planned course that is sold before it opens."""
    page = course or planned_course(days=days)
    offer = OfferFactory(course=page, membership=None, kind="one_off", presale="at_once")
    return PriceFactory(offer=offer, amount=9900, **fields)


def planned_course(*, days: int = 10, **fields: Any) -> CoursePage:
    opens_on = timezone.localdate(clock.now()) + timedelta(days=days)
    return make_course(lessons=2, free=0, opens_on=opens_on, **fields)


def reversible_fapiao() -> Fapiao:
    """Issued, with a file, before its money went back."""
    made: Fapiao = FapiaoFactory(issued=True, file=ContentFile(b"%PDF-1.7", "f.pdf"))
    RefundFactory(order=made.order, created_at=NOW + timedelta(days=1))
    return made


def membership_prices(membership: Membership | None = None) -> dict[str, Price]:
    """As in the demo: ¥39 a month, ¥365 a year with 7 days of trial, one year once."""
    membership = membership or MembershipFactory()
    year = OfferFactory(membership=membership, interval="year", trial_days=7, sort_order=0)
    month = OfferFactory(membership=membership, interval="month", sort_order=1)
    term = OfferFactory(membership=membership, kind=Offer.Kind.TERM, term_months=12, sort_order=2)
    return {
        "year": PriceFactory(offer=year, amount=36500),
        "month": PriceFactory(offer=month, amount=3900),
        "term": PriceFactory(offer=term, amount=36500),
    }


class PromotionFactory(factory.django.DjangoModelFactory):
    """A quarter off the first payment, for everything, as often as people come."""

    class Meta:
        model = PromotionCode
        skip_postgeneration_save = True

    code = factory.Sequence(lambda n: f"SPRING{n}")
    percent = factory.Maybe(factory.LazyAttribute(lambda code: bool(code.amount)), None, 25)
    amount = None
    currency = factory.Maybe("amount", "CNY", "")
    created_at = NOW

    @factory.post_generation
    def offers(self, create: bool, chosen: Any) -> None:
        if chosen:
            self.offers.set(chosen)


def paused_until(at: datetime, **more: Any) -> dict[str, Any]:
    """Fields of a subscription."""
    return {
        "collection_paused": True,
        "object": {"pause_collection": {"resumes_at": int(at.timestamp())}, **more},
    }


def held(learner: User, **fields: Any) -> Grant:
    """A grant that came by a code."""
    usual = {"source_kind": "redeem_code", "source_id": f"code-{Grant.objects.count()}"}
    made: Grant = Grant.objects.create(
        **usual | {"learner": learner, "starts_at": NOW - timedelta(days=90)} | fields
    )
    return made
