"""What a code makes of a price, for whom, and which of its uses are free: from rows."""

from datetime import UTC, datetime, timedelta

import pytest

from payments import promotions
from payments.models import PromotionUse, WinBack
from payments.models.offers import TermsAreFixed
from payments.promotions import Reduction
from tests.factories import UserFactory, course
from tests.payments.factories import (
    NOW,
    OfferFactory,
    OrderFactory,
    PriceFactory,
    PromotionFactory,
    SubscriptionFactory,
    course_price,
    sold_in_advance,
)

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)


@pytest.fixture
def price(db):
    return course_price(course())


def renewing(interval, amount=3900):
    return PriceFactory(offer=OfferFactory(interval=interval), amount=amount)


def reduce(code, price, *, trial_days=0, buyer=None, now=NOW):
    return promotions.reduce(code, price, trial_days=trial_days, buyer=buyer, now=now)


def refuses(code, price, **fields):
    """Why it gives nothing here; none where it does."""
    try:
        reduce(code, price, **fields)
    except promotions.CannotUse as problem:
        return type(problem)
    return None


def use(code, learner=None, *, status="open", slot=None, nth=1, order=None, **fields):
    learner = learner or UserFactory()
    order = order or OrderFactory(buyer=learner, promotion=code, status=status)
    return PromotionUse.objects.create(
        promotion=code, learner=learner, order=order, slot=slot, slots=slot and code.max_uses,
        nth=nth, per_person=code.per_person, reserved_at=NOW, **fields,
    )  # fmt: skip


# --- which code it is ----------------------------------------------------------------------------


def test_a_code_is_found_however_it_is_typed():
    PromotionFactory(code="AUTUMN")
    code = PromotionFactory(code="SPRING-1")
    PromotionFactory(code="WINTER")
    assert promotions.find(" ｓｐｒing -1\t", now=NOW) == code
    with pytest.raises(promotions.Unknown):
        promotions.find("SPRING", now=NOW)


@pytest.mark.parametrize(
    ("terms", "problem"),
    [
        ({}, None),
        ({"is_active": False}, promotions.Expired),
        ({"is_active": False, "ends_at": NOW + DAY}, promotions.Expired),
        ({"ends_at": NOW}, promotions.Expired),
        ({"ends_at": NOW + SECOND}, None),
        ({"starts_at": NOW}, None),
        ({"starts_at": NOW - DAY, "ends_at": NOW + DAY}, None),
        ({"starts_at": NOW + SECOND}, promotions.NotYet),
    ],
)
def test_a_code_is_in_force_from_its_first_instant_until_its_last(price, terms, problem):
    code = PromotionFactory(code="SPRING", **terms)
    assert refuses(code, price) is problem
    if problem:
        with pytest.raises(problem):
            promotions.find("SPRING", now=NOW)
    else:
        assert promotions.find("SPRING", now=NOW) == code


# --- what it makes of a price --------------------------------------------------------------------


def day(year, month, number):
    return datetime(year, month, number, 4, tzinfo=UTC)


@pytest.mark.parametrize(
    ("interval", "terms", "trial_days", "full_from"),
    [
        ("month", {}, 0, day(2026, 12, 23)),
        ("month", {}, 7, day(2026, 12, 30)),
        ("quarter", {}, 0, day(2027, 2, 23)),
        ("year", {}, 0, day(2027, 11, 23)),
        ("month", {"duration": "forever"}, 0, None),
        ("month", {"duration": "repeating", "months": 1}, 0, day(2026, 12, 23)),
        ("month", {"duration": "repeating", "months": 2}, 0, day(2027, 1, 23)),
        ("month", {"duration": "repeating", "months": 2}, 7, day(2027, 1, 30)),
        ("month", {"duration": "repeating", "months": 1}, 29, day(2027, 1, 22)),
        ("quarter", {"duration": "repeating", "months": 4}, 0, day(2027, 5, 23)),
        ("year", {"duration": "repeating", "months": 13}, 0, day(2028, 11, 23)),
    ],
)
def test_what_renews_is_reduced_until_the_first_payment_that_is_not(
    interval, terms, trial_days, full_from
):
    code = PromotionFactory(**terms)
    found = reduce(code, renewing(interval), trial_days=trial_days)
    assert found == Reduction(code, 2925, 975, full_from)


def test_what_is_bought_once_is_reduced_once(price):
    code = PromotionFactory(amount=2000)
    assert reduce(code, price) == Reduction(code, 7900, 2000, None)


def test_a_trial_that_outlasts_the_code_leaves_it_nothing_to_take_off():
    code = PromotionFactory(duration="repeating", months=1)
    assert refuses(code, renewing("month"), trial_days=30) is promotions.NotForThis
    assert refuses(code, renewing("month"), trial_days=29) is None


def test_a_code_is_for_what_it_was_made_for(price):
    other = course_price(course())
    dollars = PriceFactory(offer=price.offer, currency="USD", amount=5000)
    chosen = PromotionFactory(offers=[price.offer, renewing("year").offer])
    yuan = PromotionFactory(amount=2000)
    repeating = PromotionFactory(duration="repeating", months=2)
    forever = PromotionFactory(duration="forever")
    found = {
        "chosen": [refuses(chosen, each) for each in (price, other)],
        "of a currency": [refuses(yuan, each) for each in (price, dollars)],
        "in any currency": [refuses(PromotionFactory(), each) for each in (price, dollars)],
        "repeating": [refuses(repeating, each) for each in (price, renewing("month"))],
        "forever": [refuses(forever, each) for each in (price, renewing("month"))],
    }
    not_for_this = promotions.NotForThis
    assert found == {
        "chosen": [None, not_for_this],
        "of a currency": [None, not_for_this],
        "in any currency": [None, None],
        "repeating": [not_for_this, None],
        "forever": [not_for_this, None],
    }


def test_what_is_sold_in_advance_is_not_given_for_nothing(price):
    advance = sold_in_advance()
    whole, nearly = PromotionFactory(percent=100), PromotionFactory(percent=99)
    assert refuses(whole, advance) is promotions.NotForThis
    assert refuses(nearly, advance) is None
    assert reduce(whole, price) == Reduction(whole, 0, 9900)


# --- for whom ------------------------------------------------------------------------------------


def test_a_code_of_ones_own_is_for_nobody_else(price, buyer):
    code = PromotionFactory(ends_at=NOW + DAY)
    WinBack.objects.create(
        learner=buyer, subscription=SubscriptionFactory(), promotion=code, made_at=NOW, year=2026
    )
    assert refuses(code, price, buyer=buyer) is None
    assert refuses(code, price, buyer=UserFactory()) is promotions.NotForYou
    assert refuses(code, price) is None  # a visitor may yet be them


def test_one_person_uses_it_so_many_times(price, buyer):
    code = PromotionFactory(per_person=2)
    use(code, buyer, used_at=NOW)
    use(code, buyer, nth=2)  # held only
    for _ in range(2):
        use(code, used_at=NOW)
    assert refuses(code, price, buyer=buyer) is None
    PromotionUse.objects.filter(learner=buyer, nth=2).update(used_at=NOW)
    assert refuses(code, price, buyer=buyer) is promotions.UsedByYou
    assert refuses(code, price) is None


def test_a_first_purchase_is_the_first_that_was_paid_here(price, buyer):
    code = PromotionFactory(first_purchase_only=True)
    OrderFactory(fulfilled=True)
    OrderFactory(fulfilled=True, buyer=buyer, account="acct_2")
    OrderFactory(fulfilled=True, buyer=buyer, livemode=True)
    OrderFactory(buyer=buyer)
    assert refuses(code, price, buyer=buyer) is None
    OrderFactory(fulfilled=True, buyer=buyer)
    assert refuses(code, price, buyer=buyer) is promotions.FirstPurchaseOnly
    assert refuses(PromotionFactory(), price, buyer=buyer) is None


def test_uses_that_count_are_paid_or_held_by_an_open_page(price, buyer):
    code = PromotionFactory(max_uses=3)
    paid = use(code, slot=1, used_at=NOW, status="expired")
    held = use(code, slot=2)
    own = use(code, buyer, slot=3)
    use(code, slot=1, released_at=NOW)
    use(PromotionFactory(max_uses=1), slot=1)
    assert set(promotions.standing(code)) == {paid, held, own}
    assert refuses(code, price) is promotions.UsedUp
    assert refuses(code, price, buyer=UserFactory()) is promotions.UsedUp
    assert refuses(code, price, buyer=buyer) is None  # the page they opened is their own
    for status in ("expired", "failed"):
        held.order.status = status
        held.order.save()
        assert set(promotions.standing(code)) == {paid, own}
        assert refuses(code, price) is None


def test_what_the_buyer_has_used_counts_too(price, buyer):
    code = PromotionFactory(max_uses=1, per_person=2)
    use(code, buyer, slot=1, used_at=NOW)
    assert refuses(code, price, buyer=buyer) is promotions.UsedUp
    assert refuses(PromotionFactory(), price, buyer=buyer) is None


# --- holding a use -------------------------------------------------------------------------------


def reserve(code, buyer=None, now=NOW):
    order = OrderFactory(promotion=code, buyer=buyer or UserFactory())
    return promotions.reserve(order=order, now=now)


def test_the_lowest_number_that_is_free_is_held(buyer):
    code = PromotionFactory(max_uses=4, per_person=3)
    use(code, slot=1)
    use(code, buyer, slot=3)
    use(code, buyer, slot=2, nth=2, released_at=NOW)
    use(code, slot=4, nth=2, status="expired")
    use(PromotionFactory(max_uses=9), buyer, slot=2)
    made = reserve(code, buyer)
    fields = ("promotion", "learner", "slot", "slots", "nth", "per_person", "reserved_at")
    assert [getattr(made, name) for name in fields] == [code, buyer, 2, 4, 2, 3, NOW]
    assert (made.used_at, made.released_at) == (None, None)
    assert reserve(code, buyer).slot == 4  # its page has closed
    assert PromotionUse.objects.get(promotion=code, slot=4, released_at__isnull=False)
    with pytest.raises(promotions.UsedUp):
        reserve(code)


def test_a_code_without_limit_counts_persons_alone(buyer):
    PromotionFactory()
    code = PromotionFactory()
    made = [reserve(code) for _ in range(2)]
    assert [(each.slot, each.slots, each.nth) for each in made] == [(None, None, 1)] * 2
    reserve(code, buyer)
    with pytest.raises(promotions.UsedByYou):
        reserve(code, buyer)


def test_uses_are_given_up_once_their_page_has_closed():
    code, other = PromotionFactory(), PromotionFactory()
    closed = [use(code, status="expired"), use(code, status="failed")]
    elsewhere = use(other, status="expired")
    long_ago = use(code, status="expired", released_at=NOW - DAY)
    kept = [use(code), use(code, status="expired", used_at=NOW)]
    kept.append(use(code, order=OrderFactory(fulfilled=True, promotion=code)))
    assert promotions.release_closed(now=NOW, promotion=code) == 2

    def released(*uses):
        return [PromotionUse.objects.get(pk=each.pk).released_at for each in uses]

    assert released(*closed, elsewhere) == [NOW, NOW, None]
    assert promotions.release_closed(now=NOW + SECOND) == 1
    assert released(*closed, elsewhere, long_ago) == [NOW, NOW, NOW + SECOND, NOW - DAY]
    assert released(*kept) == [None] * 3


# --- keeping it ----------------------------------------------------------------------------------


def kept(made):
    made.refresh_from_db()
    return made.slot, made.nth, made.used_at, made.released_at


def test_what_is_paid_keeps_its_use(buyer):
    code = PromotionFactory(max_uses=2, per_person=2)
    other = use(code, buyer, slot=1)
    made = use(code, buyer, slot=2, nth=2)
    assert promotions.keep(made.order, now=NOW)
    assert kept(made) == (2, 2, NOW, None)
    assert kept(other) == (1, 1, None, None)


def test_what_had_no_code_or_lost_its_use_with_a_restore_is_paid_all_the_same(buyer):
    code = PromotionFactory()
    other = use(code)
    assert promotions.keep(OrderFactory(), now=NOW)
    assert promotions.keep(OrderFactory(promotion=code), now=NOW)
    assert kept(other) == (None, 1, None, None)


def test_what_was_given_up_and_is_paid_after_all_takes_another_that_is_free(buyer):
    code = PromotionFactory(max_uses=2, per_person=2)
    use(code, buyer, slot=1)
    closed = use(code, slot=2, status="expired")
    made = use(code, buyer, slot=1, released_at=NOW - DAY)
    assert promotions.keep(made.order, now=NOW)
    assert kept(made) == (2, 2, NOW, None)
    assert kept(closed) == (2, 1, None, NOW)


def test_where_none_is_left_it_is_told(buyer):
    code = PromotionFactory(max_uses=1)
    made = use(code, buyer, slot=1, released_at=NOW - DAY)
    use(code, slot=1, used_at=NOW)
    assert not promotions.keep(made.order, now=NOW)
    assert kept(made) == (1, 1, None, NOW - DAY)


# --- its terms -----------------------------------------------------------------------------------


def test_the_terms_of_a_code_are_fixed_once_it_was_used():
    code = PromotionFactory(percent=25)
    code.percent = 30
    code.save()
    use(code)
    PromotionFactory(percent=50)
    code.remark = "for May"
    code.save()
    code.refresh_from_db()
    assert (code.percent, code.remark, code.gives) == (30, "for May", "30%")
    code.percent = 31
    with pytest.raises(TermsAreFixed):
        code.save()
    assert PromotionFactory(amount=2000).gives == "¥20"
