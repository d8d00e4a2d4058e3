"""Orders that the database lost are made anew from what Stripe has kept, or a person is told."""

import uuid
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command

from accounts.models import User
from courses.models import Grant
from operations import clock as site_clock
from payments import reconciliation
from payments.management.commands.reconcile import Command
from payments.models import Customer, Difference, Order, Price, StripePrice, Trial
from tests.factories import bundle, course
from tests.payments.conftest import Shop
from tests.payments.factories import bundle_price, course_price, membership_prices

pytestmark = pytest.mark.django_db


def paid_and_lost(shop: Shop, buyer: User, price: Price) -> uuid.UUID:
    """What was begun and paid since the backup: only Stripe knows of it."""
    order = shop.begin(buyer, price)
    assert shop.pay(order).kind == "complete"
    Order.objects.all().delete()
    Customer.objects.all().delete()
    return order.key


def sweep() -> reconciliation.Report:
    now = site_clock.now()
    return reconciliation.sweep_all(now=now, since=now - timedelta(hours=1))


def test_a_trial_is_the_same_trial_again(shop: Shop, buyer: User) -> None:
    key = paid_and_lost(shop, buyer, membership_prices()["year"])
    assert sweep().found_orders == 1
    shop.run_jobs()
    order = Order.objects.get(key=key)
    assert (order.status, order.trial_days, order.buyer) == (Order.Status.FULFILLED, 7, buyer)
    assert Trial.objects.get().order == order
    assert not Difference.objects.filter(ended_at=None).exists()
    assert sweep().found_orders == 0


def test_a_bundle_opens_the_courses_that_the_buyer_saw(shop: Shop, buyer: User) -> None:
    pages = [course(), course(), course()]
    sold = bundle(*pages[:2])
    order = shop.begin(buyer, bundle_price(sold))
    assert shop.pay(order).kind == "complete"
    order.contents.all().delete()
    Order.objects.all().delete()
    sold.contents.filter(course=pages[1]).update(course=pages[2])
    assert sweep().found_orders == 1
    opened = Grant.objects.filter(learner=buyer).values_list("course_id", flat=True)
    assert set(opened) == {pages[0].pk, pages[1].pk}


def test_the_buyer_may_have_begun_anew_meanwhile(shop: Shop, buyer: User) -> None:
    price = course_price(course())
    key = paid_and_lost(shop, buyer, price)
    begun = shop.begin(buyer, price)
    assert sweep().found_orders == 1
    assert Order.objects.get(key=key).status == Order.Status.FULFILLED
    begun.refresh_from_db()
    assert begun.is_open
    assert Grant.objects.filter(learner=buyer).count() == 1


def test_a_number_that_is_somebody_elses_now_gets_nothing(shop: Shop, buyer: User) -> None:
    paid_and_lost(shop, buyer, course_price(course()))
    User.objects.filter(pk=buyer.pk).update(date_joined=buyer.date_joined + timedelta(days=1))
    for _ in range(2):
        assert sweep().found_orders == 0
    assert Difference.objects.get(ended_at=None).what == "the buyer is not here"
    assert not Grant.objects.exists()


def test_without_a_backups_time_nothing_is_made_anew(shop: Shop, buyer: User) -> None:
    paid_and_lost(shop, buyer, course_price(course()))
    assert reconciliation.sweep_all(now=site_clock.now()).found_orders == 0
    assert not Order.objects.exists()


def test_what_another_site_sold_by_the_same_account_is_left_alone(shop: Shop, buyer: User) -> None:
    paid_and_lost(shop, buyer, course_price(course()))
    StripePrice.objects.all().delete()
    Price.objects.update(key=uuid.uuid4())
    assert sweep().found_orders == 0
    assert not Difference.objects.filter(object_kind="session").exists()


@pytest.mark.parametrize("since", ["yesterday", "2026-11-28T03:00:00"])
def test_a_time_without_its_zone_is_refused(since: str) -> None:
    with pytest.raises(CommandError, match="--since"):
        Command().create_parser("manage.py", "reconcile").parse_args(["--since", since])


def test_a_backup_is_not_of_days_to_come(db: None) -> None:
    with pytest.raises(CommandError, match="still to come"):
        call_command("reconcile", since="2099-01-01T00:00:00+00:00")
