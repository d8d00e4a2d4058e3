"""Free courses: one tap opens them for good, and nothing of money hears of it."""

import contextlib
import io
import json
import threading
import zipfile
from datetime import timedelta

import pytest
from django.db import connection
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone

from accounts import privacy
from courses import access, grants
from courses.models import Grant, MembershipCourse
from operations import clock as site_clock
from payments import checkout, enrolment, offers, queries
from payments.models import MoneyEntry, Offer, Order, Price
from payments.sandbox.models import StripeObject
from tests.accounts.browser import text_of
from tests.factories import MembershipFactory, UserFactory, bundle, course
from tests.payments.factories import (
    OfferFactory,
    bundle_price,
    course_price,
    membership_prices,
    planned_course,
    sold_in_advance,
)
from tests.payments.test_admin_work import offer_form
from tests.payments.test_concurrency import THREADS, at_once
from tests.payments.test_pages import signed_in

pytestmark = pytest.mark.django_db
ENROL = "免费加入"


@pytest.fixture
def page(db):
    return course(lessons=3, title="送给大家的课")


@pytest.fixture
def price(page):
    return course_price(page, amount=0)


def opens(learner, page):
    return access.to_course(learner, page, now=site_clock.now()).has_grant


def tap(client, price, **more):
    return client.post(reverse("enrol"), {"price": price.key, **more}, follow=True)


def enrol(learner, price):
    return enrolment.enrol(learner=learner, price=price, now=site_clock.now())


# --- what is shown -------------------------------------------------------------------------------


def test_the_course_its_paywall_and_its_card_say_free_instead_of_a_price(me, page, price, client):
    paid_lesson = reverse("lesson", args=[page.slug, "02"])
    for browser in (client, me):
        for address in (page.get_absolute_url(), paid_lesson):
            shown = browser.get(address).text
            assert ENROL in shown
            assert "¥" not in shown
        assert "免费" in browser.get(reverse("catalogue")).text
    form = f'action="{reverse("enrol")}"'
    assert form in me.get(page.get_absolute_url()).text
    assert form in me.get(paid_lesson).text
    assert form not in client.get(page.get_absolute_url()).text, "visitors' pages are kept"


def test_nobody_is_asked_for_a_code_a_gift_or_seats(me, page, price):
    shown = me.get(reverse("payments_buy", args=[price.offer.key]) + "?code=SPRING").text
    assert "优惠码" not in shown
    assert reverse("give", args=[price.offer.key]) not in me.get(page.get_absolute_url()).text
    assert reverse("buy_seats", args=[price.offer.key]) not in me.get(page.get_absolute_url()).text
    for name in ("give", "buy_seats"):
        assert str(price.key) not in me.get(reverse(name, args=[price.offer.key])).text


def test_free_until_a_day_says_so_and_then_costs(me, page, buyer, clock):
    price = course_price(page)
    until = site_clock.now() + timedelta(days=3)
    free = offers.set_early_price(
        offer=price.offer, currency="CNY", amount=0, ends_at=until, now=site_clock.now()
    )
    shown = text_of(me.get(reverse("payments_buy", args=[price.offer.key])))
    assert "免费到" in shown
    tap(me, free)
    assert opens(buyer, page)
    clock.move(timedelta(days=4))
    late = UserFactory()
    assert "¥99" in signed_in(late).get(page.get_absolute_url()).text
    with pytest.raises(checkout.PriceChanged):
        enrol(late, free)
    assert opens(buyer, page)


# --- the tap -------------------------------------------------------------------------------------


def test_one_tap_opens_the_course_and_money_hears_nothing(me, buyer, page, price):
    answer = tap(me, price)
    assert answer.redirect_chain[-1][0] == page.get_absolute_url()
    assert "已加入" in text_of(answer)
    assert opens(buyer, page)
    grant = Grant.objects.get()
    assert (grant.source_kind, grant.ends_at) == ("enrolment", None)
    assert page.title in me.get(reverse("study")).text
    for model in (Order, MoneyEntry, StripeObject):
        assert not model.objects.exists()


def test_tapped_at_a_lessons_end_it_opens_that_lesson(me, page, price):
    lesson = page.get_children().get(slug="02")
    answer = tap(me, price, **{"from": lesson.pk})
    assert answer.redirect_chain[-1][0] == reverse("lesson", args=[page.slug, "02"])
    assert "canary02" in answer.text
    other = course(lessons=1).get_children().get()
    fresh = signed_in(UserFactory())
    answer = tap(fresh, price, **{"from": other.pk})
    assert answer.redirect_chain[-1][0] == page.get_absolute_url()


def test_a_visitor_is_asked_to_sign_in_and_comes_back_to_the_button(client, page, price):
    lesson = page.get_children().get(slug="02")
    answer = client.post(reverse("enrol"), {"price": price.key, "from": lesson.pk})
    here = f"{reverse('payments_buy', args=[price.offer.key])}?from={lesson.pk}"
    assert answer.status_code == 302
    assert answer["Location"].startswith(reverse("account_login"))
    client.force_login(UserFactory())
    shown = client.get(here).text
    assert ENROL in shown
    assert f'name="from" value="{lesson.pk}"' in shown
    assert not Grant.objects.exists(), "nothing opens by GET"


def test_the_tap_is_a_post(me, price):
    assert me.get(reverse("enrol"), {"price": price.key}).status_code == 405


def test_tapped_again_it_says_that_one_has_it(me, page, price):
    tap(me, price)
    answer = tap(me, price)
    assert "你已经拥有它" in text_of(answer)
    assert Grant.objects.get().changes.count() == 1
    assert ENROL not in me.get(page.get_absolute_url()).text


def test_what_is_not_free_now_is_not_opened(buyer, page):
    for wrong in (
        course_price(page, amount=9900),
        membership_prices()["month"],
        bundle_price(bundle(course(lessons=1))),
        sold_in_advance(),
        course_price(planned_course(), amount=0),
        course_price(course(live=False), amount=0),
    ):
        with pytest.raises(checkout.CannotStart):
            enrol(buyer, wrong)
    assert not Grant.objects.exists()


def test_a_price_asked_since_it_was_seen_is_shown_first(me, buyer, page, price):
    offers.set_price(offer=price.offer, currency="CNY", amount=9900, now=site_clock.now())
    answer = tap(me, price)
    assert "¥99" in answer.text
    assert not opens(buyer, page)


def test_a_member_may_enrol_to_keep_it(me, buyer, page, price, shop):
    library = MembershipFactory()
    month = membership_prices(library)["month"]
    MembershipCourse.objects.create(membership=library, course=page, added_at=site_clock.now())
    shop.buy(buyer, month)
    assert ENROL in me.get(page.get_absolute_url()).text
    tap(me, price)
    assert queries.ownership(buyer, page, now=site_clock.now()).direct


# --- before and after ----------------------------------------------------------------------------


def test_a_price_asked_later_leaves_it_to_who_enrolled(shop, me, buyer, page, price):
    tap(me, price)
    later = offers.set_price(offer=price.offer, currency="CNY", amount=9900, now=site_clock.now())
    assert opens(buyer, page)
    assert "¥99" not in me.get(page.get_absolute_url()).text
    with pytest.raises(checkout.AlreadyOwned):
        shop.begin(buyer, later)
    other = shop.person()
    assert shop.buy(other, later).status == Order.Status.FULFILLED


def test_what_was_paid_stays_paid_when_it_becomes_free(shop, buyer, me, page):
    price = course_price(page)
    order = shop.buy(buyer, price)
    free = offers.set_price(offer=price.offer, currency="CNY", amount=0, now=site_clock.now())
    tap(me, free)
    shop.deliver()
    order.refresh_from_db()
    assert order.status == Order.Status.FULFILLED
    assert [each.source_kind for each in Grant.objects.all()] == ["purchase"]
    assert not order.refunds.exists()


def test_paid_on_a_page_that_stood_open_after_enrolling_it_goes_back(shop, buyer, me, page):
    price = course_price(page)
    order = shop.begin(buyer, price)
    free = offers.set_price(offer=price.offer, currency="CNY", amount=0, now=site_clock.now())
    tap(me, free)
    shop.pay(order)
    shop.deliver()
    order.refresh_from_db()
    assert (order.status, order.note) == (Order.Status.REFUNDED, Order.Note.BOUGHT_TWICE)
    assert opens(buyer, page)


def test_nothing_is_never_taken_to_checkout(shop, buyer, price):
    with pytest.raises(checkout.NotForSale):
        shop.begin(buyer, price)
    assert not Order.objects.exists()


# --- staff ---------------------------------------------------------------------------------------


def test_finance_makes_a_course_free_without_code_and_sees_who_enrolled(desk, me, page):
    form = offer_form(course=page.pk, kind="one_off", amount="0")
    assert desk.post(reverse("money-offers:add"), form).status_code == 302
    offer = Offer.objects.get()
    assert offer.prices.get().is_free
    tap(me, offer.prices.get())
    detail = text_of(desk.get(reverse("money-offers:inspect", args=[offer.pk])))
    assert "免费时加入的人数 1" in detail


@pytest.mark.parametrize("fields", [{"kind": "term", "term_months": "12"}, {"presale": "at_once"}])
def test_only_an_open_course_for_good_can_be_free(desk, page, fields):
    form = offer_form(**{"course": page.pk, "kind": "one_off", "amount": "0"} | fields)
    assert "只有" in desk.post(reverse("money-offers:add"), form).text
    assert not Offer.objects.exists()


def test_a_membership_cannot_be_free_by_whatever_way():
    offer = OfferFactory()
    with pytest.raises(offers.CannotBeFree):
        offers.set_price(offer=offer, currency="CNY", amount=0, now=site_clock.now())
    assert not Price.objects.exists()


@pytest.mark.parametrize(
    ("typed", "field"),
    [
        ({"amount": "0", "amount_USD": "9"}, "amount_USD"),
        ({"amount": "9", "amount_USD": "0"}, "amount"),
        (
            {"amount": "9", "amount_USD": "9", "early_amount": "0", "early_until": "2099-01-01"},
            "early_amount_USD",
        ),
    ],
)
def test_free_is_free_in_every_currency(desk, page, settings, typed, field):
    settings.CURRENCIES = ["CNY", "USD"]
    form = offer_form(course=page.pk, kind="one_off", **typed)
    answer = desk.post(reverse("money-offers:add"), form)
    assert list(answer.context["form"].errors) == [field]
    form[field] = "0"
    assert desk.post(reverse("money-offers:add"), form).status_code == 302


def test_staff_see_why_it_opens_and_can_take_it_back_for_good(desk, me, buyer, page, price):
    tap(me, price)
    lesson = page.get_children().get(slug="02")
    query = {"email": buyer.email, "lesson": lesson.pk}
    assert "免费加入" in text_of(desk.get(reverse("money-why:index"), query))
    grant = Grant.objects.get()
    address = reverse("money-grants:withdraw", args=[grant.pk])
    assert desk.post(address, {"reason": "转卖账号"}, follow=True).status_code == 200
    assert not opens(buyer, page)
    answer = tap(me, price)
    assert "收回" in text_of(answer)
    assert not opens(buyer, page)


def test_it_is_in_what_one_exports_and_stays_nameless_after_deletion(me, buyer, page, price):
    tap(me, price)
    exported = zipfile.ZipFile(io.BytesIO(privacy.export(buyer)))
    [row] = json.loads(exported.read("courses.grant.json"))
    assert (row["course__title"], row["source_kind"]) == (page.title, "enrolment")
    privacy.erase(user=buyer, now=timezone.now())
    learner = Grant.objects.get().learner
    assert (learner.is_deleted, learner.name) == (True, "")


# --- many taps at once ---------------------------------------------------------------------------


@pytest.fixture
def slow_look(monkeypatch):
    """Between looking and writing, time passes: what the lock must bridge."""
    real = enrolment.enrolled
    meeting = threading.Barrier(2)

    def look(page):
        with contextlib.suppress(threading.BrokenBarrierError):
            meeting.wait(timeout=0.3)
        return real(page)

    monkeypatch.setattr(enrolment, "enrolled", look)


@pytest.fixture
def without_constraint():
    [once] = [x for x in Grant._meta.constraints if x.name == "grant_course_once_per_source"]
    with connection.schema_editor() as editor:
        editor.remove_constraint(Grant, once)
    yield
    Grant.objects.all()._raw_delete("default")
    with connection.schema_editor() as editor:
        editor.add_constraint(Grant, once)


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_twenty_taps_at_once_enrol_once(page, price, slow_look):
    learner = UserFactory()
    results = at_once(lambda _number: enrol(learner, price))
    [grant] = [each for each in results if isinstance(each, Grant)]
    refused = [each for each in results if isinstance(each, checkout.AlreadyOwned)]
    assert len(refused) == THREADS - 1, results
    assert grant.changes.count() == 1


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_without_the_lock_and_the_constraint_it_would_be_twice(
    page, price, slow_look, without_constraint, monkeypatch
):
    learner = UserFactory()
    monkeypatch.setattr(QuerySet, "select_for_update", lambda self, **_options: self)
    monkeypatch.setattr(grants, "_record", lambda grant, **_told: None)  # it could not be undone
    at_once(lambda _number: enrol(learner, price))
    assert Grant.objects.count() > 1
