"""What a mail about money says, to whom, and when there is none. Read in English, in New York."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.files.base import ContentFile

from accounts.models import OutboxMessage, User
from courses.models import Grant
from payments import codes, letters
from payments.models import (
    Order,
    OrderedCourse,
    Pause,
    PlanChange,
    PresaleEnd,
    Reservation,
    Subscription,
)
from payments.upcoming import Charge
from tests.factories import MembershipFactory, UserFactory, bundle, course
from tests.payments.factories import (
    NOW,
    FapiaoFactory,
    GiftFactory,
    InvoiceFactory,
    OfferFactory,
    OrderFactory,
    PriceFactory,
    PromotionFactory,
    RedeemBatchFactory,
    RedeemCodeFactory,
    RefundFactory,
    SubscriptionFactory,
    bundle_price,
    course_price,
)

pytestmark = pytest.mark.django_db
# Five in the morning of UTC on the sixth: midnight of the sixth in New York.
MIDNIGHT = datetime(2026, 12, 6, 5, tzinfo=UTC)
SITE = "——"


@pytest.fixture
def buyer(db: None) -> User:
    made: User = UserFactory(language="en", time_zone="America/New_York", name="Ada")
    return made


@pytest.fixture
def gone(buyer: User) -> User:
    buyer.is_active = False
    buyer.save()
    return buyer


@pytest.fixture
def order(buyer: User) -> Order:
    return bought(buyer)


@pytest.fixture
def row(buyer: User) -> Subscription:
    made: Subscription = SubscriptionFactory(
        learner=buyer, offer=OfferFactory(membership__name="Library"), period_end=MIDNIGHT
    )
    return made


def bought(buyer: User, **fields: Any) -> Order:
    fields.setdefault("price", course_price(course(title="People first", slug="people")))
    made: Order = OrderFactory(buyer=buyer, fulfilled=True, **fields)
    return made


def mail(key: str, *, about: str = OutboxMessage.About.MONEY) -> OutboxMessage:
    message = OutboxMessage.objects.get()
    assert (message.key, message.about, message.created_at) == (key, about, NOW)
    return message


def words(key: str, to: User, **fields: Any) -> str:
    """The body of the only mail, which goes to this person."""
    message = mail(key, **fields)
    assert (message.user, message.to, message.language) == (to, to.email, to.language)
    return flat(message.text)


def flat(text: str) -> str:
    return " ".join(text.split(SITE)[0].split())


def url(path: str) -> str:
    return f"{settings.BASE_URL}{path}"


# --- bought once -------------------------------------------------------------------------------


def test_the_receipt_leads_to_the_course_and_is_written_once(order: Order, buyer: User) -> None:
    assert letters.order_paid(order, now=NOW)
    assert not letters.order_paid(order, now=NOW)
    assert words(f"order-paid-{order.pk}", buyer) == (
        f"You have paid CN¥99 for People first. It is open now. {url('/courses/people/')} "
        f"Order {order.number}, its receipt and refunds: {url(f'/account/orders/{order.key}/')}"
    )


def test_a_term_says_until_when_it_is_open(buyer: User) -> None:
    term = OfferFactory(kind="term", term_months=12, membership__name="Library")
    order = bought(buyer, price=PriceFactory(offer=term), ends_at=MIDNIGHT)
    letters.order_paid(order, now=NOW)
    told = words(f"order-paid-{order.pk}", buyer)
    assert "It stays open until 6 December 2026 and does not renew itself." in told
    assert f" {url('/courses/')} Order" in told


def test_a_bundle_names_what_is_in_it_in_order(buyer: User) -> None:
    one, two = course(title="One"), course(title="Two")
    both = bundle(one, two, slug="both")
    order = bought(buyer, price=bundle_price(both))
    OrderedCourse.objects.create(order=order, course=two, position=1)
    OrderedCourse.objects.create(order=order, course=one, position=0)
    letters.order_paid(order, now=NOW)
    told = words(f"order-paid-{order.pk}", buyer)
    assert f"In it: 2 courses - One - Two {url(both.get_absolute_url())} Order" in told


def test_what_a_code_paid_whole_says_so(buyer: User) -> None:
    code = PromotionFactory(percent=100)
    order = bought(buyer, amount=0, discount=9900, promotion=code)
    letters.order_paid(order, now=NOW)
    assert "With your code there was nothing to pay." in words(f"order-paid-{order.pk}", buyer)


def test_what_is_bought_in_advance_says_when_it_opens(buyer: User) -> None:
    order = bought(buyer, starts_at=MIDNIGHT, advance=Order.Advance.WAITING)
    letters.order_paid(order, now=NOW)
    assert "It opens on 6 December 2026; we write" in words(f"order-paid-{order.pk}", buyer)


def test_what_has_begun_and_was_not_bought_in_advance_is_open(buyer: User) -> None:
    order = bought(buyer, starts_at=MIDNIGHT)
    letters.order_paid(order, now=NOW)
    assert "It is open now." in words(f"order-paid-{order.pk}", buyer)


def test_nobody_writes_to_an_account_that_is_closed(order: Order, gone: User) -> None:
    assert not letters.order_paid(order, now=NOW)
    assert not OutboxMessage.objects.exists()


def test_a_presale_opens(order: Order, buyer: User) -> None:
    assert letters.presale_opened(order, now=NOW)
    told = words(f"presale-opened-{order.pk}", buyer)
    assert told.startswith("People first, which you bought in advance, is open now.")
    assert told.endswith(url(f"/account/orders/{order.key}/"))


def test_what_was_redeemed_before_it_opened_opens(buyer: User) -> None:
    page = course(title="People first", slug="people")
    code = RedeemCodeFactory(batch__course=page, redeemed_by=buyer, redeemed_at=NOW)
    assert letters.redeemed_opened(code, now=NOW)
    told = words(f"redeemed-opened-{code.pk}", buyer)
    assert told.startswith("People first, for which you redeemed a code, is open now.")
    assert told.endswith(url("/courses/people/"))


def test_nothing_opens_for_nobody_or_of_a_membership(buyer: User) -> None:
    nobody = RedeemCodeFactory()
    membership = RedeemCodeFactory(
        batch__course=None,
        batch__membership=MembershipFactory(),
        batch__months=12,
        redeemed_by=buyer,
        redeemed_at=NOW,
    )
    assert not letters.redeemed_opened(nobody, now=NOW)
    assert not letters.redeemed_opened(membership, now=NOW)


@pytest.mark.parametrize(
    ("amount", "said"),
    [
        (9899, "A part went back to you before; the rest, CN¥98.99, is on its way."),
        (9900, "All that you paid, CN¥99, is on its way back to you."),
    ],
)
def test_a_presale_given_up_says_what_goes_back(
    order: Order, buyer: User, amount: int, said: str
) -> None:
    assert letters.presale_given_up(order, amount=amount, reason="Too few.", now=NOW)
    told = words(f"presale-given-up-{order.pk}", buyer)
    assert f"{said} Too few. Order {order.number}." in told
    assert told.endswith(url(f"/account/orders/{order.key}/"))


# --- with a card -------------------------------------------------------------------------------


@pytest.fixture
def reserved(order: Order) -> Order:
    Reservation.objects.create(
        order=order,
        customer_id="cus",
        payment_method_id="pm",
        reserved_at=NOW,
        day=date(2026, 12, 1),
    )
    return order


def test_a_reservation_is_told_from_its_making_to_its_end(reserved: Order, buyer: User) -> None:
    page = url(f"/account/orders/{reserved.key}/")
    Reservation.objects.update(
        charging_at=NOW, refused_at=NOW, pay_until=MIDNIGHT, needs_action=True
    )
    reserved.reservation.refresh_from_db()
    sent = [
        letters.reserved(reserved, now=NOW),
        letters.reservation_moved(reserved, now=NOW),
        letters.reservation_opens_sooner(reserved, opens_on=date(2026, 11, 28), now=NOW),
        letters.reservation_notice(reserved, now=NOW),
        letters.reservation_refused(reserved, now=NOW),
        letters.reservation_called_off(reserved, reason="Too few.", now=NOW),
        letters.reservation_lapsed(reserved, now=NOW),
    ]
    assert sent == [True] * 7
    pk, end = reserved.pk, f"Order {reserved.number}."
    up = f"You can give it up with one tap here: {page} {end}"
    told = {each.key: flat(each.text) for each in OutboxMessage.objects.all()}
    assert told == {
        f"reserved-{pk}": (
            "You have reserved People first. Nothing was charged. When it opens, on "
            f"1 December 2026, CN¥99 is charged to your card. We write five days before. {up}"
        ),
        f"reservation-moved-{pk}-20261201": (
            "People first, which you have reserved, opens on 1 December 2026 now. CN¥99 is "
            f"charged to your card then, not before. {up}"
        ),
        f"reservation-sooner-{pk}-20261201": (
            "People first, which you have reserved, opens sooner than planned, on 28 November "
            "2026. CN¥99 is charged to your card on 1 December 2026, not before; then it opens "
            f"for you. Here you can begin at once, or give it up with one tap: {page} {end}"
        ),
        f"reservation-notice-{pk}-20261201": (
            "People first opens on 1 December 2026. CN¥99 is charged to the card with which "
            f"you have reserved it. {up}"
        ),
        f"reservation-refused-{pk}": (
            "People first is open, but your bank asks whether it is you before CN¥99 is charged "
            "to your card. Until 5 December 2026 you can pay it and answer your bank, or pay "
            "with another card; after that the reservation ends. "
            f"Pay it here: {page} {end}"
        ),
        f"reservation-called-off-{pk}": (
            "People first, which you have reserved, will not come. Nothing was charged, and "
            f"nothing will be. Too few. {page} {end}"
        ),
        f"reservation-lapsed-{pk}": (
            "Your reservation of People first has ended: your bank's question was not answered "
            f"in time. Nothing was charged. You can still buy it. {url('/courses/people/')} {end}"
        ),
    }


# --- memberships -------------------------------------------------------------------------------


def begun(buyer: User, row: Subscription, **fields: Any) -> str:
    order = bought(buyer, price=PriceFactory(offer=row.offer), subscription=row, **fields)
    assert letters.membership_begun(order, row, now=NOW)
    return words(f"membership-begun-{row.pk}", buyer)


def test_a_membership_begins_with_a_receipt(buyer: User, row: Subscription) -> None:
    told = begun(buyer, row)
    assert told.startswith(
        "You have paid CN¥39 for Library. It is open now, and renews itself on "
        f"6 December 2026. {url('/courses/')} We write five days"
    )
    assert f"Cancel whenever you like: {url(f'/account/subscriptions/{row.pk}/')} " in told
    page = url(f"/account/orders/{Order.objects.get().key}/")
    assert told.endswith(f", its receipt and refunds: {page}")


def test_a_trial_says_what_it_will_cost(buyer: User, row: Subscription) -> None:
    row.object = {"trial_end": 1}
    told = begun(buyer, row)
    assert told.startswith(
        "Library is open. You pay nothing today. From 6 December 2026 it costs CN¥39"
    )
    order = Order.objects.get()
    assert told.endswith(f" Order {order.number}: {url(f'/account/orders/{order.key}/')}")


@pytest.mark.parametrize(("duration", "says"), [("once", True), ("forever", False)])
def test_the_price_without_the_code_is_told_where_it_comes(
    buyer: User, row: Subscription, duration: str, says: bool
) -> None:
    code = PromotionFactory(duration=duration)
    told = begun(buyer, row, amount=2900, discount=1000, promotion=code)
    assert ("once it is used up, CN¥39 is charged." in told) is says


def test_a_renewal_has_a_receipt(buyer: User, row: Subscription) -> None:
    bill = InvoiceFactory(subscription=row, amount_paid=3700)
    bill.object = {"hosted_invoice_url": "https://pay.example/in"}
    assert letters.renewal_receipt(bill, now=NOW)
    assert words(f"renewal-receipt-{bill.pk}", buyer) == (
        "Library was renewed for CN¥37. It is open until 6 December 2026, and renews itself "
        "then. The receipt, and how to cancel: https://pay.example/in "
        + url(f"/account/subscriptions/{row.pk}/")
    )


def test_a_renewal_that_is_cancelled_does_not_go_on(buyer: User, row: Subscription) -> None:
    row.cancel_at_period_end = True
    bill = InvoiceFactory(subscription=row, amount_paid=None)
    assert letters.renewal_receipt(bill, now=NOW)
    assert words(f"renewal-receipt-{bill.pk}", buyer).startswith(
        "Library was renewed for CN¥0. It is open until 6 December 2026 and ends then."
    )


@pytest.mark.parametrize(
    ("before", "amount", "first"), [(0, 3900, True), (-1, 0, True), (-1, 1, False)]
)
def test_the_first_payment_after_a_trial_says_so(
    buyer: User, row: Subscription, before: int, amount: int, first: bool
) -> None:
    row.object = {"trial_end": 1}
    InvoiceFactory(subscription=row, amount_paid=amount, created_at=NOW + timedelta(seconds=before))
    InvoiceFactory(created_at=NOW - timedelta(days=1))
    bill = InvoiceFactory(subscription=row)
    letters.renewal_receipt(bill, now=NOW)
    told = words(f"renewal-receipt-{bill.pk}", buyer)
    assert told.startswith("The trial of Library is over") is first


def test_whose_subscription_is_unknown_is_not_written_to(buyer: User, row: Subscription) -> None:
    bill = InvoiceFactory(subscription=row)
    change = plan(row)
    rest = Pause.objects.create(
        subscription=row, months=1, asked_at=NOW, begins_at=NOW, resumes_at=MIDNIGHT
    )
    row.learner, row.card_expires_on, row.past_due_since = None, NOW.date(), NOW
    charge = Charge(MIDNIGHT, 3900, "CNY", "month")
    sent = [
        letters.renewal_receipt(bill, now=NOW),
        letters.renewal_receipt(InvoiceFactory(subscription=None), now=NOW),
        letters.renewal_notice(row, charge, now=NOW),
        letters.cancelled(row, now=NOW),
        letters.resumed(row, now=NOW),
        letters.card_expiring(row, charge, now=NOW),
        letters.plan_changed(row, change, now=NOW),
        letters.price_changes(row, change, now=NOW),
        letters.paused(rest, now=NOW),
        letters.payment_failed(row, day=0, grace_ends=MIDNIGHT, now=NOW),
        letters.membership_ended(row, ended_at=NOW, now=NOW),
    ]
    assert sent == [False] * len(sent)


def test_what_lacks_its_day_is_not_written_of(row: Subscription) -> None:
    row.period_end = None
    assert not letters.cancelled(row, now=NOW)
    assert not letters.card_expiring(row, Charge(MIDNIGHT, 1, "CNY", "month"), now=NOW)
    assert not letters.payment_failed(row, day=0, grace_ends=MIDNIGHT, now=NOW)


def ways(row: Subscription, way: str = "") -> str:
    return url(f"/account/subscriptions/{row.pk}/{way}")


def test_a_renewal_is_noticed_with_both_ways(buyer: User, row: Subscription) -> None:
    assert letters.renewal_notice(row, Charge(MIDNIGHT, 3900, "CNY", "month"), now=NOW)
    assert words(f"renewal-notice-{row.pk}-20261206", buyer) == (
        "Library renews on 6 December 2026 for CN¥39. You would like to keep it? There is "
        f"nothing to do; here is all about it: {ways(row)} You would rather not? Cancel here; "
        f"what is paid stays open until its end: {ways(row, 'cancel/')}"
    )


def test_a_notice_names_the_credit_the_trial_and_the_pause(buyer: User, row: Subscription) -> None:
    charge = Charge(MIDNIGHT, 3900, "CNY", "month", credit=1000)
    letters.renewal_notice(row, charge, now=NOW)
    told = words(f"renewal-notice-{row.pk}-20261206", buyer)
    assert "CN¥10 of it is paid by your credit; CN¥29 is charged." in told
    OutboxMessage.objects.all().delete()
    row.status = "trialing"
    letters.renewal_notice(row, charge, now=NOW)
    told = words(f"renewal-notice-{row.pk}-20261206", buyer)
    assert told.startswith("Your trial of Library ends on")
    OutboxMessage.objects.all().delete()
    row.status, row.collection_paused = "active", True
    letters.renewal_notice(row, charge, now=NOW)
    told = words(f"renewal-notice-{row.pk}-20261206", buyer)
    assert told.startswith("The pause of Library ends on")


def test_a_cancelled_one_tells_its_last_day(buyer: User, row: Subscription) -> None:
    row.object = {"canceled_at": 17}
    assert letters.cancelled(row, now=NOW)
    told = words(f"cancelled-{row.pk}-17", buyer)
    assert "The last day is 5 December 2026; until then" in told
    assert told.endswith(ways(row))


def test_one_that_goes_on_tells_what_is_charged_next(buyer: User, row: Subscription) -> None:
    row.object = {"customer": {"balance": -900}}
    assert letters.resumed(row, now=NOW)
    assert words(f"resumed-{row.pk}-{NOW:%Y%m%d%H%M%S}", buyer) == (
        "You have taken back the cancellation of Library: it goes on. It renews on 6 December "
        f"2026 for CN¥30. All about it, and cancelling: {ways(row)}"
    )
    OutboxMessage.objects.all().delete()
    row.status = "trialing"
    letters.resumed(row, now=NOW)
    told = words(f"resumed-{row.pk}-{NOW:%Y%m%d%H%M%S}", buyer)
    assert "The trial ends on 6 December 2026; then CN¥30 is charged." in told
    OutboxMessage.objects.all().delete()
    row.status = "past_due"
    letters.resumed(row, now=NOW)
    told = words(f"resumed-{row.pk}-{NOW:%Y%m%d%H%M%S}", buyer)
    assert "it goes on. All about it" in told


@pytest.mark.parametrize(
    ("last", "said"), [(NOW.date(), "is valid until"), (NOW.date() - timedelta(1), "expired on")]
)
def test_a_card_expires(buyer: User, row: Subscription, last: date, said: str) -> None:
    row.card, row.card_expires_on = "visa 4242", last
    charge = Charge(MIDNIGHT, 3900, "CNY", "month", credit=1000)
    assert letters.card_expiring(row, charge, now=NOW)
    assert words(f"card-expiring-{row.pk}-202611", buyer) == (
        f"The card visa 4242 for Library {said} {last.day} November 2026. On 6 December 2026 "
        f"CN¥29 will be charged. With another card it goes on without a break: "
        f"{ways(row, 'card/')} You would rather stop? Cancel here: {ways(row, 'cancel/')}"
    )


def plan(row: Subscription, **fields: Any) -> PlanChange:
    assert row.offer is not None
    year = OfferFactory(membership=row.offer.membership, interval="year")
    made: PlanChange = PlanChange.objects.create(
        **{
            "subscription": row,
            "from_offer": row.offer,
            "from_amount": 3900,
            "price": PriceFactory(offer=year, amount=36500),
            "at_period_end": False,
            "prorated_at": NOW,
            "effective_at": MIDNIGHT,
            "created_at": NOW,
            **fields,
        }
    )
    return made


def test_a_notice_names_the_plan_that_begins_with_the_renewal(
    buyer: User, row: Subscription
) -> None:
    row.period_end = MIDNIGHT
    row.save()
    change = plan(row, at_period_end=True)
    letters.renewal_notice(row, Charge(MIDNIGHT, 36500, "CNY", "year"), now=NOW)
    told = words(f"renewal-notice-{row.pk}-20261206", buyer)
    assert "for CN¥365. From that day you have Library (Year), as you chose. You would" in told
    OutboxMessage.objects.all().delete()
    change.at_period_end = False
    change.save()
    letters.renewal_notice(row, Charge(MIDNIGHT, 3900, "CNY", "month"), now=NOW)
    assert "as you chose" not in words(f"renewal-notice-{row.pk}-20261206", buyer)


def test_another_plan_says_what_was_paid_and_where_the_receipt_is(
    buyer: User, row: Subscription
) -> None:
    row.object = {"latest_invoice": {"hosted_invoice_url": "https://pay.example/in"}}
    change = plan(row, due_today=12300)
    assert letters.plan_changed(row, change, now=NOW)
    assert words(f"plan-changed-{change.pk}", buyer) == (
        "From now on you have Library (Year): CN¥365, next on 6 December 2026. "
        "Paid today: CN¥123. The receipt: https://pay.example/in "
        f"All about it, and changing it again: {ways(row)}"
    )


@pytest.mark.parametrize("at_period_end", [False, True])
def test_another_plan_for_which_nothing_was_paid_has_no_receipt(
    buyer: User, row: Subscription, at_period_end: bool
) -> None:
    row.object = {"latest_invoice": {"hosted_invoice_url": "https://pay.example/in"}}
    change = plan(row, at_period_end=at_period_end)
    assert letters.plan_changed(row, change, now=NOW)
    told = words(f"plan-changed-{change.pk}", buyer)
    assert "2026. All about it" in told


def test_a_receipt_that_has_no_page_is_left_out(buyer: User, row: Subscription) -> None:
    change = plan(row, due_today=12300)
    letters.plan_changed(row, change, now=NOW)
    assert "Paid today: CN¥123. All about it" in words(f"plan-changed-{change.pk}", buyer)


def test_a_price_changes(buyer: User, row: Subscription) -> None:
    change = plan(row)
    assert letters.price_changes(row, change, now=NOW)
    assert words(f"price-changes-{change.pk}", buyer).startswith(
        "From 6 December 2026 on Library costs CN¥365 a year instead of CN¥39. Until then"
    )


@pytest.mark.parametrize(("keeps", "said"), [(True, "stay open"), (False, "close for that time")])
def test_a_pause(buyer: User, row: Subscription, settings: Any, keeps: bool, said: str) -> None:
    settings.PAUSED_KEEPS_ACCESS = keeps
    rest = Pause.objects.create(
        subscription=row, months=1, asked_at=NOW, begins_at=NOW, resumes_at=MIDNIGHT
    )
    assert letters.paused(rest, now=NOW)
    told = words(f"paused-{rest.pk}", buyer)
    assert told.startswith("Library pauses from 22 November 2026 to 6 December 2026;")
    assert f"Its courses {said}" in told
    assert "On 6 December 2026 CN¥39 is charged and it goes on." in told


def test_a_pause_that_was_not_made(buyer: User, row: Subscription) -> None:
    rest = Pause(pk=7, subscription=row)
    assert letters.not_paused(rest, now=NOW)
    told = words("not-paused-7", buyer)
    assert "Library, and Stripe did not answer." in told
    assert "It renews on 6 December 2026, as before." in told
    OutboxMessage.objects.all().delete()
    row.cancel_at_period_end = True
    assert letters.not_paused(rest, now=NOW)
    assert "renews" not in words("not-paused-7", buyer)
    rest.subscription = SubscriptionFactory(learner=None)
    assert not letters.not_paused(rest, now=NOW)


def test_a_failed_payment_is_told_until_when_one_can_study(buyer: User, row: Subscription) -> None:
    row.past_due_since = NOW
    InvoiceFactory(subscription=row, amount_due=4500)
    InvoiceFactory(status="open", needs_action=True)
    assert letters.payment_failed(row, day=3, grace_ends=MIDNIGHT, now=NOW)
    assert words(f"payment-failed-{row.pk}-20261123-3", buyer).startswith(
        "The renewal of Library on 22 November 2026 did not succeed: the bank did not let "
        "CN¥39 through. You can study as before until 5 December 2026. Pay here, with this card "
        f"or another one: {ways(row, 'pay/')} Change the card for what is to come: "
        f"{ways(row, 'card/')}"
    )


@pytest.mark.parametrize("asks", [False, True])
def test_a_bill_that_waits_names_its_amount_and_the_banks_question(
    buyer: User, row: Subscription, asks: bool
) -> None:
    row.past_due_since = NOW
    InvoiceFactory(subscription=row, needs_action=True)
    InvoiceFactory(subscription=row, status="open", amount_due=4500, needs_action=asks)
    letters.payment_failed(row, day=0, grace_ends=MIDNIGHT, now=NOW)
    told = words(f"payment-failed-{row.pk}-20261123-0", buyer)
    assert "CN¥45" in told
    assert ("your bank asks whether it is you" in told) is asks


def test_a_bill_of_an_unknown_amount_is_told_by_the_subscriptions(
    buyer: User, row: Subscription
) -> None:
    row.past_due_since = NOW
    InvoiceFactory(subscription=row, status="open", amount_due=0)
    letters.payment_failed(row, day=0, grace_ends=MIDNIGHT, now=NOW)
    assert "CN¥39" in words(f"payment-failed-{row.pk}-20261123-0", buyer)


def test_an_end_is_told_once_by_the_day_it_failed_or_ended(buyer: User, row: Subscription) -> None:
    assert letters.membership_ended(row, ended_at=MIDNIGHT, now=NOW)
    told = words(f"membership-ended-{row.pk}-20261206", buyer)
    assert told.startswith("Library ended on 6 December 2026.")
    OutboxMessage.objects.all().delete()
    row.past_due_since = NOW
    assert letters.membership_ended(row, ended_at=MIDNIGHT, now=NOW)
    assert "ended on 6 December" in words(f"membership-ended-{row.pk}-20261123", buyer)


def test_an_end_with_a_bill_that_can_be_paid_leads_to_it(buyer: User, row: Subscription) -> None:
    row.status, row.past_due_since = "past_due", NOW
    InvoiceFactory(subscription=row, status="open", amount_due=4500)
    letters.membership_ended(row, ended_at=MIDNIGHT, now=NOW)
    told = words(f"membership-ended-{row.pk}-20261123", buyer)
    said = "The last payment of CN¥45 did not succeed. How to go on stands here:"
    assert told.endswith(f"{said} {ways(row, '')}")
    OutboxMessage.objects.all().delete()
    row.status = "canceled"
    letters.membership_ended(row, ended_at=MIDNIGHT, now=NOW)
    told = words(f"membership-ended-{row.pk}-20261123", buyer)
    assert "is void" in told
    assert told.endswith(url("/membership/"))


def test_a_subscription_whose_offer_is_unknown_is_a_membership(
    buyer: User, row: Subscription
) -> None:
    row.offer = None
    letters.membership_ended(row, ended_at=MIDNIGHT, now=NOW)
    assert words(f"membership-ended-{row.pk}-20261206", buyer).startswith("Membership ended on")


def test_a_term_ends(buyer: User) -> None:
    grant = Grant.objects.create(
        learner=buyer,
        membership=MembershipFactory(name="Library"),
        source_kind="purchase",
        source_id="order-1",
        starts_at=NOW,
        ends_at=MIDNIGHT,
    )
    assert letters.term_ending(grant, now=NOW)
    told = words(f"term-ending-{grant.pk}-20261206", buyer)
    assert told.startswith("Library is open to you until 5 December 2026.")


# --- money back --------------------------------------------------------------------------------


TWICE = "You had People first already, and paid for it once more. We are giving the second "
NOTHING = "already, or had its trial. We have ended the second one; nothing was charged."


def test_what_was_bought_twice_goes_back(order: Order, buyer: User) -> None:
    assert letters.went_back(order, now=NOW)
    told = words(f"bought-twice-{order.pk}", buyer)
    assert told.startswith(f"{TWICE}payment of CN¥99 back")
    assert told.endswith(url(f"/account/orders/{order.key}/"))


def test_what_cost_nothing_twice_was_ended(buyer: User) -> None:
    order = bought(buyer, amount=0, discount=9900, promotion=PromotionFactory(percent=100))
    letters.went_back(order, now=NOW)
    assert NOTHING in words(f"bought-twice-{order.pk}", buyer)


@pytest.mark.parametrize(("paid", "said"), [(3900, "CN¥39 back"), (0, NOTHING)])
def test_a_second_subscription_goes_back_if_it_was_paid(
    buyer: User, row: Subscription, paid: int, said: str
) -> None:
    order = bought(buyer, price=PriceFactory(offer=row.offer), subscription=row)
    InvoiceFactory(subscription=row, amount_paid=paid)
    letters.went_back(order, now=NOW)
    assert said in words(f"bought-twice-{order.pk}", buyer)


def test_what_was_given_up_goes_back_with_its_reason(order: Order, buyer: User) -> None:
    order.note = Order.Note.GIVEN_UP
    PresaleEnd.objects.create(
        offer=order.price.offer, reason="Too few.", decided_by=buyer, decided_at=NOW
    )
    assert letters.went_back(order, now=NOW)
    told = words(f"presale-given-up-{order.pk}", buyer)
    assert "All that you paid, CN¥99, is on its way back to you. Too few." in told


@pytest.mark.parametrize(
    ("fields", "stays"),
    [({}, True), ({"purpose": "gift"}, False)],
)
def test_a_refund_is_on_its_way(buyer: User, fields: dict[str, Any], stays: bool) -> None:
    order = bought(buyer, **fields)
    refund = RefundFactory(order=order, amount=900)
    assert letters.refunded(refund, now=NOW)
    told = words(f"refunded-{refund.pk}", buyer)
    assert told.startswith("CN¥9 for People first is on its way back to you;")
    assert ("Your progress stays." in told) is stays
    assert told.endswith(url(f"/account/orders/{order.key}/"))


def test_a_refund_told_already_or_of_none_of_ours_is_not_told(buyer: User) -> None:
    order = bought(buyer, note=Order.Note.BOUGHT_TWICE)
    assert not letters.refunded(RefundFactory(order=order), now=NOW)
    nobody = RefundFactory(order=None, amount=1, currency="CNY")
    assert not letters.refunded(nobody, now=NOW)


def test_a_refund_of_an_unknown_amount_is_of_nothing(order: Order, buyer: User) -> None:
    refund = RefundFactory(order=order, amount=None)
    letters.refunded(refund, now=NOW)
    assert words(f"refunded-{refund.pk}", buyer).startswith("CN¥0 for")


def test_an_order_is_ended_and_a_request_declined(order: Order, buyer: User) -> None:
    assert letters.order_ended(order, reason="A mistake.", now=NOW)
    told = words(f"order-ended-{order.pk}", buyer)
    assert "A mistake." in told
    assert order.number in told
    assert told.endswith(url(f"/account/orders/{order.key}/"))
    OutboxMessage.objects.all().delete()
    request = order.refund_requests.create(
        asked_by=buyer, created_at=NOW, status="declined", decline_reason="Too late."
    )
    assert letters.refund_declined(request, now=NOW)
    told = words(f"refund-declined-{request.pk}", buyer)
    assert "Too late." in told
    assert order.number in told
    assert told.endswith(url(f"/account/orders/{order.key}/"))


@pytest.mark.parametrize("with_file", [False, True])
def test_a_fapiao_is_issued_and_reversed(order: Order, buyer: User, with_file: bool) -> None:
    file = ContentFile(b"%PDF-1.7", "f.pdf") if with_file else ""
    row = FapiaoFactory(order=order, issued=True, title="Ada Ltd", email="a@example.com", file=file)
    page = url(f"/account/orders/{order.key}/")
    assert letters.fapiao_issued(row, now=NOW)
    way = (
        "Download it from the order:"
        if with_file
        else "It comes by mail to a@example.com. The order:"
    )
    assert words(f"fapiao-issued-{row.pk}", buyer) == (
        f"Fapiao {row.number} for People first, made out to Ada Ltd, is issued. {way} {page}"
    )
    OutboxMessage.objects.all().delete()
    row.reversal_number = "26442001"
    assert letters.fapiao_reversed(row, now=NOW)
    assert "is reversed by 26442001." in words(f"fapiao-reversed-{row.pk}", buyer)


def test_the_right_number_of_a_fapiao_is_told(order: Order, buyer: User) -> None:
    row = FapiaoFactory(order=order, issued=True, title="Ada Ltd")
    page = url(f"/account/orders/{order.key}/")
    assert letters.fapiao_corrected(row, now=NOW)
    assert words(f"fapiao-corrected-{row.pk}-{NOW.timestamp():.0f}", buyer) == (
        "We had noted a wrong number of the fapiao for People first, made out to Ada Ltd. "
        f"The right one is {row.number}. The order: {page}"
    )
    OutboxMessage.objects.all().delete()
    row.reversal_number = "26442001"
    assert letters.fapiao_corrected(row, now=NOW)
    told = words(f"fapiao-corrected-{row.pk}-{NOW.timestamp():.0f}", buyer)
    assert "That of its reversal is 26442001." in told


# --- for others --------------------------------------------------------------------------------


def given(buyer: User, **fields: Any) -> Any:
    order = bought(buyer, purpose=Order.Purpose.GIFT, language="en")
    return GiftFactory(order=order, claimable_until=MIDNIGHT, **fields)


@pytest.mark.parametrize(
    ("after", "said"),
    [
        (None, "A mail goes to friend@example.com."),
        (0, "A mail goes to friend@example.com."),
        (1, "On 22 November 2026 a mail goes to friend@example.com."),
    ],
)
def test_the_receipt_of_a_gift_tells_when_it_is_sent(
    buyer: User, after: int | None, said: str
) -> None:
    at = None if after is None else NOW + timedelta(seconds=after)
    gift = given(buyer, to_email="friend@example.com", send_at=at, send_on=at and at.date())
    assert letters.gift_bought(gift, now=NOW)
    told = words(f"gift-bought-{gift.pk}", buyer)
    assert told.startswith(f"You have paid CN¥99 for People first, as a gift. {said} It can be")
    assert "until 5 December 2026, by one person." in told
    assert told.endswith(url(f"/account/orders/{gift.order.key}/"))


def test_the_receipt_of_a_gift_without_an_address_has_the_link(buyer: User) -> None:
    gift = given(buyer)
    letters.gift_bought(gift, now=NOW)
    link = codes.address(codes.derive(gift.key, 1))
    assert f"yourself: {link} It can be" in words(f"gift-bought-{gift.pk}", buyer)


@pytest.mark.parametrize("minted", [1, 2])
def test_a_gift_goes_to_the_friend_and_says_if_it_is_sent_again(buyer: User, minted: int) -> None:
    gift = given(buyer, to_email="friend@example.com", minted=minted, message="Read!")
    code = codes.derive(gift.key, minted)
    assert letters.gift(gift, code=code, now=NOW)
    message = mail(f"gift-{gift.pk}-{minted}", about=OutboxMessage.About.PRESENT)
    assert (message.user, message.to) == (buyer, "friend@example.com")
    again = "Links and codes that you got before no longer work; this one does. "
    assert flat(message.text) == (
        f"林岚 gives you People first. “Read!” {again if minted > 1 else ''}"
        f"To be claimed until 5 December 2026: {codes.address(code)} "
        f"Or type the code {codes.shown(code)} at {url('/redeem/')}."
    )


def test_the_giver_hears_that_it_was_claimed_or_runs_out(buyer: User) -> None:
    gift = given(buyer)
    page = url(f"/account/orders/{gift.order.key}/")
    assert letters.gift_redeemed(gift, now=NOW)
    assert words(f"gift-redeemed-{gift.pk}", buyer) == (
        f"Your friend has claimed People first. Order {gift.order.number}: {page}"
    )
    OutboxMessage.objects.all().delete()
    gift.course_instead = course(title="Lift")
    letters.gift_redeemed(gift, now=NOW)
    assert words(f"gift-redeemed-{gift.pk}", buyer) == (
        "Your friend had People first already, and took Lift for your gift instead. "
        f"Order {gift.order.number}: {page}"
    )
    OutboxMessage.objects.all().delete()
    assert letters.gift_runs_out(gift, now=NOW)
    told = words(f"gift-runs-out-{gift.pk}", buyer)
    assert "5 December 2026" in told
    assert told.endswith(page)


def test_seats_are_bought_and_handed_on(buyer: User) -> None:
    order = bought(buyer, purpose=Order.Purpose.SEATS, quantity=3, language="en")
    batch = RedeemBatchFactory(
        order=order,
        made_by=None,
        size=3,
        course=order.price.offer.course,
        redeemable_until=MIDNIGHT,
    )
    assert letters.seats_bought(order, now=NOW)
    told = words(f"seats-bought-{order.pk}", buyer)
    assert told.startswith("You have paid CN¥99 for 3 seats of People first.")
    assert "To be redeemed until 5 December 2026." in told
    OutboxMessage.objects.all().delete()
    row = RedeemCodeFactory(batch=batch, sent_to="c@example.com")
    code = codes.derive(batch.key, 1)
    assert letters.seat(row, code=code, now=NOW)
    message = mail(f"seat-{row.pk}", about=OutboxMessage.About.PRESENT)
    assert (message.user, message.to) == (buyer, "c@example.com")
    assert flat(message.text) == (
        "Ada has a seat of People first for you. To be claimed until 5 December 2026: "
        f"{codes.address(code)} Or type the code {codes.shown(code)} at {url('/redeem/')}."
    )
    assert not letters.seat(RedeemCodeFactory(), code=code, now=NOW)


def test_a_buyer_of_seats_without_a_name_is_named_by_the_address() -> None:
    buyer = UserFactory(name="", language="en")
    order = bought(buyer, purpose=Order.Purpose.SEATS, quantity=2, language="en")
    row = RedeemCodeFactory(batch__order=order, batch__made_by=None, sent_to="c@example.com")
    letters.seat(row, code=codes.derive(row.batch.key, 1), now=NOW)
    assert flat(OutboxMessage.objects.get().text).startswith(f"{buyer.email} has a seat")


def test_a_code_that_was_redeemed_is_shut(buyer: User) -> None:
    page = course(title="People first")
    shut = RedeemCodeFactory(
        batch__course=page, redeemed_by=buyer, redeemed_at=NOW, withdrawn_at=NOW
    )
    assert letters.code_shut(shut, now=NOW)
    assert "People first" in words(f"code-shut-{shut.pk}-202611230400", buyer)
    open_one = RedeemCodeFactory(redeemed_by=buyer, redeemed_at=NOW)
    nobodys = RedeemCodeFactory(batch__withdrawn_at=NOW)
    assert not letters.code_shut(open_one, now=NOW)
    assert not letters.code_shut(nobodys, now=NOW)


def test_the_first_payment_after_a_trial_is_called_so(buyer: User, row: Subscription) -> None:
    assert row.period_start is not None
    row.past_due_since = NOW
    row.object = {"trial_end": row.period_start.timestamp()}
    letters.payment_failed(row, day=0, grace_ends=MIDNIGHT, now=NOW)
    told = words(f"payment-failed-{row.pk}-20261123-0", buyer)
    assert told.startswith(
        "The trial of Library has ended; on 22 November 2026 the bank did not let the first "
        "payment of CN¥39 through. You can study as before until 5 December 2026. Pay here,"
    )
    InvoiceFactory(subscription=row, status="open", amount_due=4500, needs_action=True)
    OutboxMessage.objects.all().delete()
    letters.payment_failed(row, day=3, grace_ends=MIDNIGHT, now=NOW)
    told = words(f"payment-failed-{row.pk}-20261123-3", buyer)
    assert told.startswith(
        "The trial of Library has ended; the first payment of CN¥45 waits: your bank asks whether "
        "it is you. You can study as before until 5 December 2026. Answer your bank here:"
    )
