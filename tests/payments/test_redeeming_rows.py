"""Who may redeem which code or gift, what it opens and since when: rows alone."""

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from accounts.models import OutboxMessage
from courses.models import Grant, GrantChange
from payments import batches, codes, gifts, redeeming
from payments.models import RedeemCode
from tests.factories import MembershipFactory, UserFactory, bundle, course
from tests.payments.factories import (
    NOW,
    GiftFactory,
    OfferFactory,
    PriceFactory,
    RedeemBatchFactory,
    RedeemCodeFactory,
    bundle_price,
    course_price,
)

pytestmark = pytest.mark.django_db
SECOND, DAY = timedelta(seconds=1), timedelta(days=1)
TODAY = date(2026, 11, 23)
LATER = NOW + 90 * DAY


def code_row(page=None, **fields):
    batch = {name[7:]: fields.pop(name) for name in list(fields) if name.startswith("batch__")}
    if "membership" not in batch:
        batch["course"] = page or course()
    else:
        batch["course"] = None
    return RedeemCodeFactory(batch=RedeemBatchFactory(**batch), **fields)


def gift_row(page=None, **fields):
    fields = {"claimable_until": LATER} | fields
    if "order__price" not in fields:
        fields["order__price"] = course_price(page or course())
    return GiftFactory(**fields)


def typed(voucher):
    """Its code, as it is read from what somebody types."""
    return batches.code_of(voucher) if isinstance(voucher, RedeemCode) else gifts.code_of(voucher)


def gives(learner, **fields):
    source = {"source_kind": "gift", "source_id": uuid4().hex, "starts_at": NOW}
    return Grant.objects.create(learner=learner, **source | fields)


def redeem(voucher, learner, **fields):
    return redeeming.redeem(code=typed(voucher), learner=learner, **{"now": NOW} | fields)


BOTH = pytest.mark.parametrize("made", [code_row, gift_row])


# --- finding -------------------------------------------------------------------------------------


def test_each_code_finds_what_it_belongs_to():
    vouchers = [code_row(), code_row(), gift_row(), gift_row()]
    assert [redeeming.find(typed(each)) for each in vouchers] == vouchers
    with pytest.raises(redeeming.Unknown):
        redeeming.find(codes.derive(vouchers[0].batch.key, 2))


@BOTH
def test_locked_it_is_the_row_as_it_stands(made):
    made()
    voucher = made()
    type(voucher).objects.filter(pk=voucher.pk).update(sent_at=NOW)
    made()
    found = redeeming.lock(voucher)
    assert (found, found.sent_at) == (voucher, NOW)


# --- who may -------------------------------------------------------------------------------------


def outcome(voucher, learner, now=NOW):
    try:
        redeeming.check(voucher, learner, now=now)
    except redeeming.CannotRedeem as problem:
        return type(problem)
    return None


@BOTH
def test_it_can_be_redeemed_until_its_time_is_over_to_the_second(made):
    voucher, somebody = made(), UserFactory()
    until = voucher.claimable_until
    found = [outcome(voucher, who, until - SECOND) for who in (None, somebody)]
    assert found == [None, None]
    for late in (until, until + SECOND):
        assert outcome(voucher, somebody, late) is redeeming.Expired


def test_a_gift_that_is_not_paid_cannot_be_redeemed():
    assert outcome(gift_row(digest=None, claimable_until=None), None) is redeeming.Expired


@BOTH
def test_what_was_redeemed_says_so_to_each_in_their_words(made):
    one, other = UserFactory(), UserFactory()
    voucher = made(redeemed_by=one, redeemed_at=NOW)
    found = [outcome(voucher, who, LATER + DAY) for who in (one, other, None)]
    assert found == [redeeming.UsedByYou, redeeming.Used, redeeming.Used]
    voucher.withdrawn_at = NOW
    assert [outcome(voucher, who) for who in (one, other, None)] == [redeeming.Void] * 3


@pytest.mark.parametrize(
    "taken",
    [
        lambda: code_row(revoked_at=NOW),
        lambda: code_row(batch__revoked_at=NOW),
        lambda: code_row(batch__withdrawn_at=NOW),
        lambda: gift_row(taken_back_at=NOW),
        lambda: gift_row(withdrawn_at=NOW),
    ],
)
def test_what_was_taken_back_opens_nothing(taken):
    voucher = taken()
    assert outcome(voucher, None) is redeeming.Void
    with pytest.raises(redeeming.Void):
        redeem(voucher, UserFactory())
    assert not Grant.objects.exists()


@pytest.mark.parametrize(
    ("fields", "owns"),
    [
        ({}, True),
        ({"starts_at": NOW + DAY}, True),
        ({"ends_at": NOW + SECOND}, True),
        ({"ends_at": NOW}, False),
        ({"withdrawn_at": NOW}, False),
    ],
)
def test_owned_is_what_lasts_of_ones_own(fields, owns):
    page, membership, person = course(), MembershipFactory(), UserFactory()
    sellables = (page, membership)

    def found():
        return [redeeming.owns(person, each, now=NOW) for each in sellables]

    gives(UserFactory(), course=page)
    gives(UserFactory(), membership=membership)
    gives(person, course=course())
    gives(person, membership=MembershipFactory())
    assert found() == [False, False]
    gives(person, course=page, **fields)
    assert found() == [owns, False]
    gives(person, membership=membership, **fields)
    assert found() == [owns, owns]


@BOTH
def test_whoever_has_it_keeps_the_code_for_another(made):
    page, owner = course(), UserFactory()
    voucher = made(page)
    gives(owner, course=page)
    assert [outcome(voucher, who) for who in (owner, None)] == [redeeming.AlreadyOwned, None]
    with pytest.raises(redeeming.AlreadyOwned):
        redeem(voucher, owner, instead=course().pk)
    redeem(voucher, UserFactory())


# --- redeeming -----------------------------------------------------------------------------------


def test_a_code_opens_its_course_for_good_and_is_used_once():
    page, learner = course(), UserFactory()
    voucher, other = code_row(page), code_row(page)
    redeem(voucher, learner)
    voucher.refresh_from_db()
    other.refresh_from_db()
    assert (voucher.redeemed_by, voucher.redeemed_at) == (learner, NOW)
    assert (voucher.starts_at, voucher.is_waiting) == (None, False)
    assert (other.redeemed_by, other.redeemed_at) == (None, None)
    grant = Grant.objects.get()
    assert (grant.learner, grant.course, grant.membership) == (learner, page, None)
    assert (grant.source_kind, grant.source_id) == ("redeem_code", f"code-{voucher.pk}")
    assert (grant.starts_at, grant.ends_at, grant.withdrawn_at) == (NOW, None, None)
    change = GrantChange.objects.get()
    assert (change.actor, change.reason) == (None, "读书节 · 1")
    assert not OutboxMessage.objects.exists()
    with pytest.raises(redeeming.UsedByYou):
        redeem(voucher, learner)


def test_a_code_of_a_membership_opens_it_for_its_months():
    membership = MembershipFactory()
    redeem(code_row(batch__membership=membership, batch__months=3), UserFactory())
    grant = Grant.objects.get()
    assert (grant.course, grant.membership) == (None, membership)
    assert (grant.starts_at, grant.ends_at) == (NOW, datetime(2027, 2, 23, 4, tzinfo=UTC))


def test_a_code_of_a_planned_course_waits_for_its_day():
    voucher = code_row(course(opens_on=TODAY + 10 * DAY))
    redeem(voucher, UserFactory())
    voucher.refresh_from_db()
    day = datetime(2026, 12, 2, 16, tzinfo=UTC)
    assert (voucher.is_waiting, voucher.starts_at, voucher.redeemed_at) == (True, day, NOW)
    assert Grant.objects.get().starts_at == day


@pytest.mark.parametrize("opens", [None, 10])
def test_a_gift_opens_at_once_and_its_giver_is_told(opens):
    friend = UserFactory()
    page = course(opens_on=opens and TODAY + opens * DAY)
    gift = gift_row(page)
    redeem(gift, friend)
    gift.refresh_from_db()
    assert (gift.redeemed_by, gift.redeemed_at, gift.course_instead) == (friend, NOW, None)
    grant = Grant.objects.get()
    assert (grant.learner, grant.course, grant.starts_at) == (friend, page, NOW)
    assert (grant.source_kind, grant.source_id) == ("gift", f"gift-{gift.pk}")
    assert OutboxMessage.objects.get().key == f"gift-redeemed-{gift.pk}"


@BOTH
def test_what_nobody_redeemed_opens_nothing_and_what_was_shut_is_withdrawn(made):
    voucher = made()
    redeeming.declare(voucher, now=NOW)
    assert not Grant.objects.exists()
    staff, learner = UserFactory(), UserFactory()
    voucher.redeemed_by, voucher.redeemed_at, voucher.withdrawn_at = learner, NOW, NOW + DAY
    redeeming.declare(voucher, now=NOW + DAY, actor=staff, reason="退款")
    assert Grant.objects.get().withdrawn_at == NOW + DAY
    change = GrantChange.objects.get()
    assert (change.actor, change.reason) == (staff, "退款")


# --- another course instead ----------------------------------------------------------------------


def offered(gift, friend, now=NOW):
    return redeeming.alternatives(gift, friend, now=now)


def test_who_has_it_may_choose_what_is_for_sale_at_the_same_regular_price():
    page, friend = course(), UserFactory()
    gift = gift_row(page)
    same, cheaper, abroad, planned, owned = (course() for _ in range(5))
    early, dear, ended, unpublished = course(), course(), course(), course(live=False)
    early_price, dear_price = course_price(early), course_price(dear, 12900)
    course_price(cheaper, 9800)
    course_price(abroad, currency="USD")
    planned.opens_on = TODAY + DAY
    planned.save()
    for each in (planned, owned, unpublished, ended, same):
        course_price(each)
    for offer, amount in ((early_price.offer, 7900), (dear_price.offer, 9900)):
        PriceFactory(offer=offer, amount=amount, ends_at=LATER)
    bundle_price(bundle(course()), 9900)
    term = OfferFactory(kind="term", term_months=12)
    PriceFactory(offer=term, amount=9900)
    hired = OfferFactory(course=course(), membership=None, kind="term", term_months=1)
    PriceFactory(offer=hired, amount=9900)
    gives(friend, course=page)
    gives(friend, course=owned)
    gives(friend, course=ended, ends_at=NOW)
    gives(UserFactory(), course=same)
    assert offered(gift, friend) == [early, ended, same]
    assert offered(gift, UserFactory()) == [page, early, owned, ended, same]


def test_its_regular_price_is_that_of_the_day_it_was_bought_or_of_today():
    page = course()
    price = course_price(page, 12900, created_at=NOW - DAY)
    offer = price.offer

    def former(amount, days, **fields):
        made = {"is_active": False, "created_at": NOW - days * DAY} | fields
        PriceFactory(offer=offer, amount=amount, **made)

    former(9900, 5)  # in force when the gift was bought, at that very second
    former(7900, 20)
    former(6900, 5, ends_at=NOW - 4 * DAY)
    former(5900, 5, currency="USD")
    former(15900, 0)
    gift = gift_row(order__price=price, order__created_at=NOW - 5 * DAY)
    course_price(course(), 8800, created_at=NOW - 6 * DAY)
    amounts = (5900, 6900, 7900, 8800, 9900, 12900, 15900)
    pages = {amount: course() for amount in amounts}
    for amount, each in pages.items():
        course_price(each, amount)
    found = offered(gift, UserFactory())
    assert found == [page, pages[9900], pages[12900]]


def test_without_a_regular_price_the_one_it_was_bought_at_counts():
    early = course_price(course(), 5900, ends_at=LATER)
    gift = gift_row(order__price=early)
    same = course()
    course_price(same, 5900)
    course_price(course(), 9900)
    assert offered(gift, UserFactory())[-1] == same
    assert len(offered(gift, UserFactory())) == 2


def test_one_takes_one_of_these_and_no_other():
    page, friend = course(), UserFactory()
    gift, first, second = gift_row(page), course(), course()
    cheap = course()
    course_price(cheap, 100)
    for each in (first, second):
        course_price(each)
    gives(friend, course=page)
    for wrong in (None, cheap.pk, page.pk):
        with pytest.raises(redeeming.AlreadyOwned):
            redeem(gift, friend, instead=wrong)
    redeem(gift, friend, instead=second.pk)
    gift.refresh_from_db()
    assert (gift.course_instead, gift.sellable, gift.given) == (second, second, page)
    assert Grant.objects.get(source_id=gift.source_id).course == second


# --- in words ------------------------------------------------------------------------------------


def test_how_long_it_opens_is_told_before_and_after():
    planned, membership = course(opens_on=TODAY + 10 * DAY), MembershipFactory()
    monthly = {"batch__membership": membership, "batch__months": 3}
    had = {"redeemed_by": UserFactory(), "redeemed_at": NOW - 10 * DAY}
    waits = had | {"starts_at": NOW + 5 * DAY, "is_waiting": True}
    vouchers = [
        code_row(),
        gift_row(),
        code_row(**had),
        code_row(**monthly),
        code_row(**monthly, **had),
        code_row(planned),
        code_row(planned, **waits),
        code_row(planned, batch__months=1),
    ]
    assert [redeeming.term(each, now=NOW) for each in vouchers] == [
        "领取后长期有效。",
        "领取后长期有效。",
        "长期有效。",
        "有效到 2027 年 2 月 23 日，不自动续费。",
        "有效到 2027 年 2 月 13 日，不自动续费。",
        "12 月 3 日开放。 领取后长期有效。",
        "11 月 28 日开放。 长期有效。",
        "12 月 3 日开放。 有效到 2027 年 1 月 3 日，不自动续费。",
    ]
