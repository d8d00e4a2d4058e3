"""Several courses at one price: shown beside the single prices, bought once, kept as it was."""

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import roles
from accounts.models import OutboxMessage
from courses import access
from courses.models import Bundle, BundleCourse, Grant
from operations import clock as site_clock
from payments import checkout, entitlement, refund_requests
from payments.models import MoneyEntry, Offer, Order, RefundRequest
from tests.accounts.browser import text_of
from tests.factories import UserFactory, bundle, course
from tests.payments.factories import OfferFactory, bundle_price, course_price
from tests.payments.staff import at_desk
from tests.payments.test_admin_work import offer_form
from tests.payments.test_gifts import fields_of
from tests.payments.test_pages import signed_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def pages():
    return [course(lessons=2, title=f"组合里的第 {number} 门") for number in (1, 2, 3)]


@pytest.fixture
def both(pages):
    """The first two, at ¥149; alone they are ¥99 each. The third one is beside it."""
    for page in pages:
        course_price(page)
    return bundle(*pages[:2], title="两门一起学", slug="both")


def opened(buyer, pages):
    return [access.to_course(buyer, page).has_grant for page in pages]


def test_it_is_shown_with_what_is_in_it_beside_the_single_prices(both, client):
    bundle_price(both)
    page = client.get("/bundles/both/").text
    assert "组合里的第 1 门" in page
    assert "组合里的第 2 门" in page
    assert "组合里的第 3 门" not in page
    assert all(amount in page for amount in ("¥149", "¥198", "¥49"))


def test_where_a_course_is_not_sold_alone_no_sum_is_made_up(pages, client):
    course_price(pages[0])
    bundle_price(bundle(*pages[:2], slug="both"))
    page = client.get("/bundles/both/").text
    assert "¥149" in page
    assert "省下" not in page


def test_each_of_its_courses_names_it_as_a_way_and_others_do_not(both, pages, client):
    bundle_price(both)
    for page, named in zip(pages, (True, True, False), strict=True):
        assert ("两门一起学" in client.get(page.get_absolute_url()).text) is named
        paid = client.get(f"{page.get_absolute_url()}01/").text
        assert ("/bundles/both/?from=" in paid) is named


def test_a_course_that_is_sold_in_a_bundle_only_leads_there(pages, client):
    bundle_price(bundle(*pages[:2], slug="both", title="两门一起学"))
    paid = client.get(f"{pages[0].get_absolute_url()}01/").text
    assert "/bundles/both/?from=" in paid
    assert "看看这个组合" in paid


def test_paid_once_it_opens_every_course_in_it(shop, buyer, both, pages):
    order = shop.buy(buyer, bundle_price(both))
    assert order.status == Order.Status.FULFILLED
    assert opened(buyer, pages) == [True, True, False]
    assert Grant.objects.filter(source_id=order.source_id).count() == 2
    assert MoneyEntry.objects.get(order=order).amount == 14900
    mail = OutboxMessage.objects.get(key=f"order-paid-{order.pk}")
    assert "组合里的第 2 门" in mail.text
    order_page = signed_in(buyer).get(reverse("order", args=[order.key])).text
    assert "组合里的第 1 门" in order_page


def test_back_from_paying_the_first_course_begins(shop, buyer, both, pages):
    order = shop.buy(buyer, bundle_price(both))
    page = signed_in(buyer).get(reverse("payments_return"), {"order": order.key.hex}).text
    assert f'href="{pages[0].get_absolute_url()}00/"' in page


def test_what_comes_into_it_later_is_not_opened_and_what_leaves_it_stays(shop, buyer, both, pages):
    order = shop.buy(buyer, bundle_price(both))
    BundleCourse.objects.filter(bundle=both, course=pages[0]).delete()
    BundleCourse.objects.create(bundle=both, course=pages[2], sort_order=9)
    with transaction.atomic():
        entitlement.settle(entitlement.lock(order.pk), now=site_clock.now())
    assert opened(buyer, pages) == [True, True, False]


def test_what_was_shown_is_bought_though_the_bundle_changes_before_it_is_paid(
    shop, buyer, both, pages
):
    order = shop.begin(buyer, bundle_price(both))
    BundleCourse.objects.filter(bundle=both, course=pages[1]).update(course=pages[2])
    shop.pay(order)
    shop.deliver()
    assert opened(buyer, pages) == [True, True, False]


def test_begun_again_after_the_bundle_changed_it_is_a_new_order(shop, buyer, both, pages):
    price = bundle_price(both)
    first = shop.begin(buyer, price)
    BundleCourse.objects.filter(bundle=both, course=pages[1]).update(course=pages[2])
    second = shop.begin(buyer, price)
    assert second.pk != first.pk
    assert {each.course_id for each in second.contents.all()} == {pages[0].pk, pages[2].pk}


def test_changed_between_showing_and_paying_it_is_shown_anew_with_what_changed(buyer, both, pages):
    price = bundle_price(both)
    client = signed_in(buyer)
    form = fields_of(client.get(reverse("payments_buy", args=[price.offer.key])))
    new = course(title="城市的暗线", lessons=1)
    course_price(new)
    BundleCourse.objects.filter(bundle=both, course=pages[0]).update(course=new)
    told = client.post(reverse("payments_checkout"), form)
    assert told.status_code == 409
    for words in ("没有扣款", "新加入：《城市的暗线》", f"已移出：《{pages[0].title}》"):
        assert words in text_of(told), words
    assert not Order.objects.exists()
    again = client.post(reverse("payments_checkout"), fields_of(told))
    assert again.status_code == 303
    assert {row.course for row in Order.objects.get().contents.all()} == {new, pages[1]}


def test_a_form_that_does_not_say_what_it_showed_is_shown_anew(buyer, both):
    price = bundle_price(both)
    answer = signed_in(buyer).post(reverse("payments_checkout"), {"price": price.key})
    assert answer.status_code == 409
    assert not Order.objects.exists()


def test_a_refund_closes_exactly_what_the_bundle_opened(shop, buyer, both, pages):
    shop.buy(buyer, pages[0].offers.get().prices.get())
    order = shop.buy(buyer, bundle_price(both))
    refund_requests.approve(
        order=order, reason="不想要了", actor=UserFactory(), now=site_clock.now()
    )
    shop.deliver()
    assert opened(buyer, pages) == [True, False, False]
    assert RefundRequest.objects.get().status == RefundRequest.Status.DONE
    told = signed_in(buyer).get(f"{pages[1].get_absolute_url()}01/").text
    assert "¥149" in told


def test_who_has_a_part_is_told_before_paying_and_who_has_all_need_not(shop, buyer, both, pages):
    price = bundle_price(both)
    me = signed_in(buyer)
    assert "省下" in me.get("/bundles/both/").text
    shop.buy(buyer, pages[0].offers.get().prices.get())
    seen = text_of(me.get("/bundles/both/"))
    assert "还缺的逐门购买 ¥99" in seen
    assert "省下" not in seen
    buying = reverse("payments_buy", args=[price.offer.key])
    for address, way in (("/bundles/both/", buying), (buying, "/payments/checkout/")):
        page = me.get(address).text
        assert "其中 1 门你已经有了" in page
        assert way in page
    assert "单买更便宜" in seen
    shop.buy(buyer, pages[1].offers.get().prices.get())
    for address, way in (("/bundles/both/", buying), (buying, "/payments/checkout/")):
        assert way not in me.get(address).text
    with pytest.raises(checkout.AlreadyOwned):
        shop.begin(buyer, price)


def test_the_bundle_paid_beside_a_page_of_its_course_gives_the_second_payment_back(
    shop, buyer, both, pages
):
    alone = shop.begin(buyer, pages[0].offers.get().prices.get())
    whole = shop.begin(buyer, bundle_price(both))
    for order in (whole, alone):
        shop.pay(order)
        shop.deliver()
    alone.refresh_from_db()
    assert alone.note == Order.Note.BOUGHT_TWICE
    assert opened(buyer, pages) == [True, True, False]
    assert Grant.objects.filter(source_id=alone.source_id).lasting(site_clock.now()).count() == 0


def test_paid_in_two_tabs_the_second_one_goes_back(shop, buyer, both):
    price = bundle_price(both)
    first = shop.begin(buyer, price)
    Order.objects.filter(pk=first.pk).update(status=Order.Status.EXPIRED)
    second = shop.begin(buyer, price)
    for order in (first, second):
        shop.pay(order)
        shop.deliver()
    second.refresh_from_db()
    assert second.note == Order.Note.BOUGHT_TWICE


@pytest.mark.parametrize("how", ["draft", "planned", "empty", "off"])
def test_it_is_not_sold_while_something_in_it_cannot_be_had(shop, buyer, both, pages, how):
    price = bundle_price(both)
    if how == "draft":
        pages[1].unpublish()
    elif how == "planned":
        pages[1].opens_on = timezone.localdate() + timezone.timedelta(days=3)
        pages[1].save()
    elif how == "empty":
        both.contents.all().delete()
    else:
        Bundle.objects.update(is_for_sale=False)
    with pytest.raises(checkout.NotForSale):
        shop.begin(buyer, price)
    page = Client().get("/bundles/both/")
    assert "组合里的第 2 门" not in page.text
    assert page.status_code == (404 if how == "off" else 200)
    assert "两门一起学" not in Client().get(pages[0].get_absolute_url()).text


def test_more_courses_in_it_add_no_queries(client):
    def queries_of(slug, number):
        pages = [course(lessons=1) for _ in range(number)]
        for page in pages:
            course_price(page)
        bundle_price(bundle(*pages, slug=slug))
        client.get(f"/bundles/{slug}/")
        with CaptureQueriesContext(connection) as made:
            client.get(f"/bundles/{slug}/")
        return len(made)

    assert queries_of("few", 2) == queries_of("many", 8)


@pytest.mark.parametrize(
    "terms",
    [
        {"kind": "recurring", "interval": "month", "membership": None},
        {"kind": "term", "term_months": 12, "membership": None},
        {"kind": "one_off"},
    ],
)
def test_the_database_keeps_a_bundle_sold_once_and_alone(both, terms):
    with pytest.raises(IntegrityError), transaction.atomic():
        OfferFactory(bundle=both, **terms)


# --- without code --------------------------------------------------------------------------------


def bundle_form(*courses, **fields):
    rows = {
        f"contents-{row}-{name}": value
        for row, page in enumerate(courses)
        for name, value in (("course", page.pk), ("ORDER", row), ("id", ""), ("DELETE", ""))
    }
    counts = {"TOTAL": len(courses), "INITIAL": 0, "MIN_NUM": 0, "MAX_NUM": 1000}
    rows |= {f"contents-{name}_FORMS": number for name, number in counts.items()}
    typed = {"title": "两门一起学", "slug": "both", "promise": "", "description": ""}
    return typed | {"is_for_sale": "on"} | rows | fields


@pytest.mark.parametrize("role", [roles.FINANCE, roles.EDITOR])
def test_a_bundle_is_made_without_code_and_finance_prices_it(pages, client, role):
    desk = at_desk(role)
    address = "/admin/snippets/courses/bundle/add/"
    assert "/admin/snippets/courses/bundle/" in desk.get("/admin/").text
    assert desk.post(address, bundle_form(pages[1], pages[0])).status_code == 302
    made = Bundle.objects.get()
    assert [page.pk for page in made.courses()] == [pages[1].pk, pages[0].pk]
    finance = desk if role == roles.FINANCE else at_desk(roles.FINANCE)
    form = offer_form(bundle=made.pk, kind="one_off", amount="149")
    assert finance.post(reverse("money-offers:add"), form).status_code == 302
    assert "¥149" in client.get("/bundles/both/").text
    assert "两门一起学" in finance.get(reverse("money-offers:index")).text


def test_one_course_is_no_bundle_and_none_stands_in_it_twice(pages):
    desk = at_desk(roles.FINANCE)
    twice = [pages[0], pages[0]]
    for chosen in (pages[:1], twice):
        answer = desk.post("/admin/snippets/courses/bundle/add/", bundle_form(*chosen))
        assert answer.status_code == 200
        assert "两门一起学" in answer.text
        assert ("组合里已经有这门课。" in answer.text) == (chosen == twice)
        assert "bundle and" not in answer.text
        assert "bundle 和" not in answer.text
        assert not Bundle.objects.exists()


def test_an_offer_of_two_things_at_once_is_refused(both, pages):
    desk = at_desk(roles.FINANCE)
    form = offer_form(bundle=both.pk, course=pages[0].pk, kind="one_off", amount="149")
    answer = desk.post(reverse("money-offers:add"), form)
    assert answer.status_code == 200
    assert "选一个" in answer.text
    assert not Offer.objects.filter(bundle=both).exists()


def test_an_order_of_it_is_found_by_its_title_and_lists_what_it_opened(shop, buyer, both):
    order = shop.buy(buyer, bundle_price(both))
    desk = at_desk(roles.FINANCE)
    assert order.number in desk.get(reverse("money-orders:index"), {"q": "两门一起学"}).text
    assert "组合里的第 2 门" in desk.get(reverse("money-orders:inspect", args=[order.pk])).text


def test_a_code_goes_along_to_where_it_is_paid(both, pages, client):
    price = bundle_price(both)
    buying = reverse("payments_buy", args=[price.offer.key])
    assert f"{buying}?code=SPRING" in client.get("/bundles/both/", {"code": "SPRING"}).text
    beside = client.get(pages[0].get_absolute_url(), {"code": "SPRING"}).text
    assert "/bundles/both/?from=" in beside
    assert "code=SPRING" in beside


def test_its_title_is_marked_as_chinese_in_english_never_read_as_html(
    both, pages, client, settings
):
    both.title = "两门<b>一起学"
    both.save()
    bundle_price(both)
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    paid = client.get(f"{pages[0].get_absolute_url()}01/").text
    assert 'In the bundle <span lang="zh-Hans">两门&lt;b&gt;一起学</span>, ' in paid
