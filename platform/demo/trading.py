"""What people of the demo do with money, through the doors that everybody uses; and how time goes
on meanwhile, in the sandbox.

Not inside a transaction: what Stripe has charged no rollback of ours undoes.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from uuid import uuid4

from allauth.account.models import EmailAddress
from django.conf import settings

from accounts import consents
from accounts.models import User
from courses.models import CoursePage
from courses.outline import lessons_of
from demo.people import Person
from learning import progress
from operations import clock, worker
from payments import (
    checkout,
    codes,
    fulfilment,
    promotions,
    redeeming,
    subscriptions,
    switching,
    webhooks,
)
from payments.for_others import GiftWords, Wish
from payments.models import Gift, Order, Price, RedeemBatch, Subscription

GOOD, FAILING = "4242424242424242", "4000000000000341"
# What no browser that comes back tells: what time brought about.
NEWS = (
    "charge.dispute.created",
    "checkout.session.expired",
    "customer.subscription.deleted",
    "customer.subscription.updated",
    "invoice.paid",
    "invoice.payment_failed",
)


def sign_up(person: Person) -> User:
    """Without a password: nobody signs in as them."""
    now = clock.now()
    user = User.objects.create_user(person.email, None, name=person.name, date_joined=now)
    EmailAddress.objects.create(user=user, email=person.email, primary=True, verified=True)
    consents.record(user=user, now=now)
    return user


def begin(buyer: User, price: Price, *, code: str = "", wish: Wish | None = None) -> Order:
    """As far as the page where it is paid."""
    now = clock.now()
    promotion = promotions.find(code, now=now) if code else None
    started = checkout.start(buyer=buyer, price=price, promotion=promotion, wish=wish, now=now)
    return started.order


def pay(order: Order, *, card: str = GOOD, wallet: str = "") -> Order:
    """By card or by wallet, and back to the site."""
    from payments.sandbox import completing

    buyer, session, now = order.buyer, str(order.session_id), clock.now()
    if wallet:
        completing.pay_by_wallet(session, wallet, "paid", email=buyer.email, now=now)
    else:
        form = completing.filled(card, email=buyer.email, name=buyer.name)
        completing.pay_by_card(session, form, now=now)
    return fulfilment.confirm(order, now=now)


def buy_seats(buyer: User, price: Price, seats: int) -> RedeemBatch:
    return pay(begin(buyer, price, wish=Wish(uuid4(), seats=seats))).batch


def give(giver: User, price: Price, *, to_email: str, message: str) -> Gift:
    words = GiftWords(giver_name=giver.name, to_email=to_email, message=message)
    order = pay(begin(giver, price, wish=Wish(uuid4(), gift=words)))
    return Gift.objects.get(order=order)


def claim(learner: User, voucher: Gift | RedeemBatch, number: int = 1) -> None:
    """A gift, or the code of this number of a batch."""
    serial = voucher.minted if isinstance(voucher, Gift) else number
    code = codes.derive(voucher.key, serial)
    redeeming.redeem(code=code, learner=learner, now=clock.now())


def study(learner: User, course: CoursePage, lessons: int) -> None:
    for lesson in lessons_of(course)[:lessons]:
        progress.mark(learner=learner, lesson=lesson, done=True, now=clock.now())


def subscription_of(learner: User) -> Subscription:
    return Subscription.objects.get(learner=learner)


def switch(learner: User, price: Price) -> None:
    row, now = subscription_of(learner), clock.now()
    shown = switching.show(row, price, now=now)
    switching.confirm(row, price, switching.sign(row, shown), now=now)


def change_card(learner: User, card: str) -> None:
    """In Stripe's portal."""
    from payments.sandbox import completing, keeping, store

    url = subscriptions.portal_url(subscription_of(learner), back=settings.BASE_URL)
    portal = store.every("billing_portal.session").get(data__url=url)
    form = completing.filled(card, email=learner.email, name=learner.name)
    keeping.change_card(portal, form, now=clock.now())


def dispute(order: Order) -> None:
    """As the sandbox's console has a bank do it."""
    from payments.sandbox import disputes

    disputes.open_dispute(str(order.charge_id), clock.now())


def go_on(to: datetime) -> None:
    """Time passes: what falls due happens, the site hears of it and does its jobs."""
    from payments.sandbox import time

    _hear(clock.now())
    time.advance(to=to, each_step=_hear)


def _hear(now: datetime) -> None:
    """As webhooks would tell it."""
    from payments.sandbox.models import Delivery

    untold = list(Delivery.objects.filter(delivered=False).select_related("event"))
    Delivery.objects.filter(pk__in=[each.pk for each in untold]).update(delivered=True, status=200)
    news = [each.event.data for each in untold if each.event.data["type"] in NEWS]
    for about in {
        event["data"]["object"]["id"]: event["data"]["object"] for event in news
    }.values():
        webhooks.follow(about, now=now)
    with _quiet():
        worker.make(worker_id="demo", batch=True, interval=0).run()


@contextmanager
def _quiet() -> Iterator[None]:
    """A line for every job is for servers."""
    log = logging.getLogger("jobs")
    level = log.level
    log.setLevel(logging.WARNING)
    yield
    log.setLevel(level)
