"""The demo's prices, and a member who paid at the sandbox's Checkout like anybody else."""

from decimal import Decimal

from django.conf import settings

from accounts.models import User
from courses.models import CoursePage, Membership
from demo import content, publishing
from demo.people import CAST
from operations import clock
from payments import checkout, fulfilment, offers
from payments.models import Offer, Price, PromotionCode, Subscription

MEMBER = next(person for person in CAST if person.key == "member")
CARD = "4242424242424242"


def set_prices() -> None:
    for folder in publishing.course_folders():
        facts = content.read_toml(folder / "course.toml")
        course = CoursePage.objects.get(slug=facts["slug"])
        _offer(Decimal(facts["price_cny"]), course=course, kind=Offer.Kind.ONE_OFF)
    membership = Membership.objects.get(slug="all")
    recurring = {"membership": membership, "kind": Offer.Kind.RECURRING}
    _offer(Decimal(365), order=1, **recurring, interval=Offer.Interval.YEAR, trial_days=7)
    _offer(Decimal(39), order=2, **recurring, interval=Offer.Interval.MONTH)
    _offer(Decimal(365), order=3, membership=membership, kind=Offer.Kind.TERM, term_months=12)
    # A fifth off the first payment, for those who try a code.
    PromotionCode.objects.get_or_create(
        code="RIZHI20", defaults={"percent": 20, "remark": "演示", "created_at": clock.now()}
    )


def sell_the_bundle() -> None:
    _offer(Decimal(199), bundle=publishing.publish_bundle(), kind=Offer.Kind.ONE_OFF)


def _offer(yuan: Decimal, *, order: int = 0, **terms: object) -> None:
    """Put for sale at this price, unless somebody priced it since."""
    offer, created = Offer.objects.get_or_create(**terms, defaults={"sort_order": order})
    if created:
        offers.set_price(offer=offer, currency="CNY", amount=int(yuan * 100), now=clock.now())


def price_of_course(slug: str) -> Price:
    return Price.objects.get(offer__course__slug=slug, is_active=True)


def price_of_plan(interval: Offer.Interval) -> Price:
    return Price.objects.get(
        offer__membership__slug="all", offer__interval=interval, is_active=True
    )


def price_of_term() -> Price:
    return Price.objects.get(offer__membership__slug="all", offer__kind="term", is_active=True)


def price_of_bundle() -> Price:
    return Price.objects.get(offer__bundle__slug="san-men-ke", is_active=True)


def let_the_member_join() -> None:
    """The yearly membership, with its trial, paid by card in the sandbox. Not inside a transaction:
    what Stripe has charged no rollback of ours undoes."""
    if not settings.STRIPE_SANDBOX:
        return
    from payments.sandbox import completing

    member = User.objects.get(email=MEMBER.email)
    if Subscription.objects.filter(learner=member).exists():
        return
    started = checkout.start(
        buyer=member, price=price_of_plan(Offer.Interval.YEAR), now=clock.now()
    )
    form = completing.filled(CARD, email=member.email, name=member.name)
    completing.pay_by_card(started.order.session_id or "", form, now=clock.now())
    fulfilment.confirm(started.order, now=clock.now())
