"""The drill: a backup, life goes on, the database is lost, the backup is put back. Stripe knows
what was paid meanwhile; who asked to be forgotten stays so."""

from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connections

from accounts import privacy
from accounts.models import User
from courses.models import CoursePage, Grant
from learning.models import LessonProgress
from operations import clock as site_clock
from operations import dumps
from payments.models import Difference, MoneyEntry, Order, Price, Refund, Subscription
from payments.sandbox import faults
from payments.sandbox.models import StripeObject
from tests.factories import course
from tests.payments.conftest import Shop
from tests.payments.factories import course_price, membership_prices

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def _data_folder_of_its_own(
    transactional_db: None, settings: Any, tmp_path: Path
) -> Iterator[None]:
    settings.DATA = tmp_path / "data"
    settings.MEDIA_ROOT = settings.DATA / "files"
    settings.MEDIA_ROOT.mkdir(parents=True)
    yield
    # Migrating empties this cache; what the next test is given expects it to be full.
    ContentType.objects.get_for_models(*apps.get_models())


def backed_up(tmp_path: Path) -> str:
    target = tmp_path / "backup.tar"
    call_command("backup", str(target), stdout=StringIO())
    return str(target)


def lose_the_database() -> None:
    connection = connections["default"]
    if connection.vendor == "sqlite":
        connection.close()
        Path(str(connection.settings_dict["NAME"])).unlink()
    else:
        with connection.cursor() as cursor:
            cursor.execute(dumps.EMPTY)


def restored(source: str, *more: str) -> str:
    said = StringIO()
    call_command("restore", source, "--keep-sandbox", *more, stdout=said, stderr=said)
    return said.getvalue()


def reconciled(since: str) -> str:
    said = StringIO()
    call_command("reconcile", since=since, stdout=said)
    return said.getvalue()


def has(person: User, page: CoursePage) -> bool:
    grants = Grant.objects.filter(learner__email=person.email, course_id=page.pk)
    return any(grant.is_active(site_clock.now()) for grant in grants)


def books() -> list[tuple[str, int]]:
    return sorted(MoneyEntry.objects.values_list("stripe_id", "amount"))


def test_what_was_paid_after_the_backup_is_found_and_who_was_forgotten_stays_so(
    shop: Shop, tmp_path: Path
) -> None:
    first, second = course(lessons=1), course(lessons=1)
    cheap, dear = course_price(first), course_price(second, amount=19900)
    month = membership_prices()["month"]
    alice, bob, carol, dave = (
        shop.person(email=f"{name}@example.org") for name in ("alice", "bob", "carol", "dave")
    )
    old = shop.buy(alice, cheap)
    shop.buy(carol, cheap)
    waiting = shop.begin(bob, cheap)
    file = backed_up(tmp_path)

    # Life goes on.
    shop.pay(waiting)
    shop.deliver()
    new = shop.buy(alice, dear)
    shop.buy(dave, month)
    erin = shop.person(email="erin@example.org")
    shop.buy(erin, dear)
    refund_at_stripe(old)
    shop.deliver()
    LessonProgress.objects.all().delete()
    privacy.erase(user=carol, now=site_clock.now())
    assert [has(alice, first), has(alice, second), has(bob, first)] == [False, True, True]
    before, stood = books(), orders()

    lose_the_database()
    said = restored(file)
    assert "Restored from" in said
    assert "1 accounts deleted again" in said
    assert "the buyer is not here" in said
    shop.run_jobs()

    assert [has(alice, first), has(alice, second), has(bob, first)] == [False, True, True]
    assert Order.objects.get(key=new.key).status == Order.Status.FULFILLED
    assert Subscription.objects.get(learner=dave).status == "active"
    assert Refund.objects.get().order == Order.objects.get(key=old.key)
    forgotten = User.objects.get(pk=carol.pk)
    assert forgotten.is_deleted
    assert not User.objects.filter(email__in=["carol@example.org", "erin@example.org"]).exists()
    theirs = Difference.objects.get(ended_at=None)
    assert (theirs.object_kind, theirs.what) == ("session", "the buyer is not here")

    # Who signed up after the backup signs up once more, and what they paid is theirs.
    again = shop.person(email="erin@example.org")
    EmailAddress.objects.create(user=again, email=again.email, verified=True, primary=True)
    since = said.split("Restored from ")[1].split(": ")[0]
    assert "Made 1 paid orders anew." in reconciled(since)
    shop.run_jobs()
    assert has(again, second)
    assert books() == before
    assert orders() == stood
    assert "Made 0 paid orders anew.\nNo difference is open." in reconciled(since)
    shop.run_jobs()
    assert (books(), orders()) == (before, stood)
    # Nobody is asked to pay what they have, and no money went back by itself.
    assert StripeObject.objects.filter(kind="refund").count() == 1


def orders() -> list[tuple[str, str]]:
    rows = Order.objects.values_list("key", "status")
    return sorted((str(key), status) for key, status in rows)


def refund_at_stripe(order: Order) -> None:
    from payments import gateway

    order.refresh_from_db()
    gateway.create_refund({"payment_intent": order.payment_intent_id}, key="the-drill")


def test_with_stripe_away_it_is_restored_and_says_what_is_left_to_do(
    shop: Shop, tmp_path: Path
) -> None:
    price: Price = course_price(course())
    person = shop.person()
    shop.buy(person, price)
    file = backed_up(tmp_path)
    privacy.erase(user=person, now=site_clock.now())
    faults.plan("no_connection", times=1000)
    said = restored(file, "--replace")
    assert "Before the site opens: manage.py reconcile --since" in said
    assert User.objects.get(pk=person.pk).is_deleted
