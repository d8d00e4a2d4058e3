"""Who is due a code of their own, and who may still use one: from rows."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from wagtail.models import ModelLogEntry

from accounts.models import DELETED
from courses.models import Grant
from payments import win_back
from payments.models import PromotionCode, PromotionUse, Subscription, WinBack
from tests.factories import MembershipFactory, UserFactory, course
from tests.factories import bundle as make_bundle
from tests.payments.factories import (
    NOW,
    InvoiceFactory,
    OfferFactory,
    OrderFactory,
    PromotionFactory,
    SubscriptionFactory,
    bundle_price,
    course_price,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
DUE = NOW - 14 * DAY


@pytest.fixture(autouse=True)
def switched_on(settings):
    settings.WIN_BACK_PERCENT = 30
    settings.WIN_BACK_AFTER_DAYS = 14
    settings.WIN_BACK_VALID_DAYS = 10


@pytest.fixture
def offer(db):
    return OfferFactory()


def lapsed(offer, *, ended=DUE, paid=(3900,), bill=None, grant=None, **fields):
    """Who paid and left."""
    row = SubscriptionFactory(**{"offer": offer, "status": "canceled"} | fields)
    for amount in paid:
        InvoiceFactory(subscription=row, amount_paid=amount, **(bill or {}))
    opened = {"source_kind": "subscription", "source_id": row.source_id, "ends_at": ended}
    Grant.objects.create(
        learner=row.learner or UserFactory(),
        membership=offer.membership,
        starts_at=NOW - 90 * DAY,
        **opened | (grant or {}),
    )
    return row


def had_code(learner, *, made=NOW - DAY, subscription=None, **promotion):
    return WinBack.objects.create(
        learner=learner,
        subscription=subscription or SubscriptionFactory(status="canceled", learner=learner),
        promotion=PromotionFactory(**{"ends_at": NOW + DAY} | promotion),
        made_at=made,
        year=made.year,
    )


def make_due(now=NOW):
    """Whose codes were made now."""
    known = set(WinBack.objects.values_list("pk", flat=True))
    count = win_back.make_due(now=now)
    made = list(WinBack.objects.exclude(pk__in=known).order_by("pk"))
    assert len(made) == count
    return [each.subscription for each in made]


def test_a_code_is_made_with_its_terms_and_logged(offer):
    yearly = OfferFactory(membership=offer.membership, interval="year")
    OfferFactory(membership=offer.membership, kind="term", term_months=12)
    OfferFactory(is_active=False)
    OfferFactory(membership=MembershipFactory(is_for_sale=False))
    course_price(course())
    bundle_price(make_bundle(course()))
    row = lapsed(offer)
    assert make_due() == [row]
    made = WinBack.objects.get()
    assert (made.learner, made.made_at, made.year) == (row.learner, NOW, 2026)
    code = made.promotion
    assert re.fullmatch(r"BACK-[0-9A-Z]{4}-[0-9A-Z]{4}", code.code)
    fields = (
        "percent", "amount", "duration", "starts_at", "ends_at", "max_uses", "per_person",
        "first_purchase_only", "is_active", "created_at",
    )  # fmt: skip
    assert PromotionCode.objects.values_list(*fields).get() == (
        30, None, "once", None, NOW + 10 * DAY, 1, 1, False, True, NOW,
    )  # fmt: skip
    assert list(code.offers.order_by("pk")) == [offer, yearly]
    entry = ModelLogEntry.objects.get(action="payments.promotion")
    assert (entry.object_id, entry.user) == (str(code.pk), None)
    assert entry.data == {"code": code.code, "gives": code.gives, "on": True}
    assert make_due() == []


def test_the_year_is_counted_where_the_database_counts_it(offer):
    lapsed(offer, ended=datetime(2026, 12, 15, tzinfo=UTC))
    now = datetime(2026, 12, 31, 20, tzinfo=UTC)  # 2027 in Shanghai
    win_back.make_due(now=now)
    assert WinBack.objects.get().year == 2026


def test_nothing_is_made_where_it_is_off_or_there_is_nothing_to_come_back_to(offer, settings):
    row = lapsed(offer)
    settings.WIN_BACK_PERCENT = 0
    assert win_back.make_due(now=NOW) == 0
    settings.WIN_BACK_PERCENT = 30
    offer.is_active = False
    offer.save()
    assert win_back.make_due(now=NOW) == 0
    assert not WinBack.objects.exists()
    OfferFactory()
    assert make_due() == [row]


def test_who_is_due_paid_and_lost_their_access_so_many_days_ago(offer):
    Grant.objects.create(
        learner=UserFactory(), course=course(), source_kind="gift", source_id="gift-1",
        starts_at=NOW - 90 * DAY, ends_at=DUE,
    )  # fmt: skip
    early = NOW - 20 * DAY
    due = [
        lapsed(offer, started_at=early),
        lapsed(offer, started_at=early + DAY, status="unpaid"),
        lapsed(offer, ended=DUE - 30 * DAY + SECOND),
        lapsed(offer, paid=(0, 3900, 3900)),
        lapsed(offer, paid=(1,)),
    ]
    lapsed(offer, ended=DUE + SECOND)
    lapsed(offer, ended=DUE - 30 * DAY)
    lapsed(offer, ended=None)
    lapsed(offer, grant={"withdrawn_at": NOW})
    for status in ("active", "past_due", "trialing", "incomplete_expired"):
        lapsed(offer, status=status)
    lapsed(offer, paid=())
    lapsed(offer, paid=(0,))
    lapsed(offer, bill={"status": "open"})
    both = lapsed(offer, bill={"status": "void"})
    InvoiceFactory(subscription=both, amount_paid=0)
    lapsed(offer, account="acct_2")
    lapsed(offer, livemode=True)
    lapsed(offer, learner=None)
    had = lapsed(offer)
    had_code(had.learner, made=NOW - 900 * DAY, subscription=had)
    InvoiceFactory(subscription=SubscriptionFactory(offer=offer, status="canceled"))
    assert make_due() == due


def test_twelve_months_lie_between_two_codes_of_one_person(offer):
    rows = [lapsed(offer) for _ in range(4)]
    a_year_ago = NOW.replace(year=2025)
    had_code(rows[0].learner, made=a_year_ago)
    had_code(rows[1].learner, made=a_year_ago + SECOND)
    for made in (NOW - 900 * DAY, NOW - 300 * DAY):
        had_code(rows[2].learner, made=made)
    for made in (NOW - 500 * DAY, NOW - 900 * DAY):
        had_code(rows[3].learner, made=made)
    assert make_due() == [rows[0], rows[3]]


def grant(learner, membership=None, **fields):
    fields = {"source_kind": "staff", "source_id": "staff-1", "starts_at": NOW - DAY} | fields
    Grant.objects.create(learner=learner, membership=membership, **fields)


def test_who_is_gone_or_back_gets_none(offer):
    deleted = UserFactory(email=f"1{DELETED}")
    for learner in (deleted, UserFactory(is_active=False)):
        lapsed(offer, learner=learner)
    renewing, ended, held, lost, taken, owner, other = (lapsed(offer) for _ in range(7))
    SubscriptionFactory(offer=offer, learner=renewing.learner, status="past_due")
    SubscriptionFactory(offer=offer, learner=ended.learner, status="unpaid")
    SubscriptionFactory(offer=offer)
    grant(held.learner, offer.membership)
    grant(lost.learner, offer.membership, ends_at=NOW)
    grant(taken.learner, offer.membership, withdrawn_at=NOW)
    grant(owner.learner, course=course())
    grant(UserFactory(), offer.membership)
    assert make_due() == [ended, lost, taken, owner, other]


# --- the code that somebody may still use --------------------------------------------------------


def test_the_newest_code_that_is_not_used_stands(offer, buyer):
    assert win_back.standing(buyer, now=NOW) is None
    assert win_back.standing(None, now=NOW) is None
    had_code(UserFactory(), made=NOW)
    had_code(buyer, made=NOW - 800 * DAY)
    standing = had_code(buyer, made=NOW - 400 * DAY, ends_at=NOW + SECOND)
    had_code(buyer, made=NOW, ends_at=NOW)
    had_code(buyer, made=NOW.replace(year=2027), is_active=False)
    used = had_code(buyer, made=NOW.replace(year=2028))
    for code, used_at in ((used, NOW), (standing, None)):
        PromotionUse.objects.create(
            promotion=code.promotion, learner=buyer, order=OrderFactory(buyer=buyer),
            nth=1, per_person=1, reserved_at=NOW, used_at=used_at,
        )  # fmt: skip
    assert win_back.standing(buyer, now=NOW) == standing
    back = SubscriptionFactory(learner=buyer, offer=offer)
    assert win_back.standing(buyer, now=NOW) is None
    Subscription.objects.filter(pk=back.pk).update(status="canceled")
    assert win_back.standing(buyer, now=NOW) == standing
    assert standing.last_instant == NOW
