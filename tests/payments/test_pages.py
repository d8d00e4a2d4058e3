"""What people see before they pay: the membership, the buying page, prices on other pages."""

import re
import uuid
from datetime import timedelta
from html import unescape

import pytest
from django.db import connection
from django.template import Context, Template
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import User
from courses.memberships import sync_included
from courses.models import Membership, MembershipCourse
from operations import clock as site_clock
from pages import dates
from payments import gateway, offers, periods
from payments.models import Order, Subscription
from payments.sandbox import faults
from tests.accounts.browser import sign_up, text_of
from tests.accounts.doors import prove_now
from tests.factories import ArticleFactory, MembershipFactory, course
from tests.payments.factories import course_price, membership_prices
from tests.payments.plans import included_in

pytestmark = pytest.mark.django_db


def signed_in(person: User) -> Client:
    client = Client()
    client.force_login(person)
    prove_now(client, person)
    return client


def form_of(page) -> dict[str, str]:
    """The hidden fields, and the radio button that is chosen, of a page's form to pay."""
    form = re.search(r'<form[^>]*action="/payments/checkout/".*?</form>', page.text, re.S)
    assert form, "no form to pay"
    fields = {}
    for tag in re.findall(r"<input[^>]*>", form[0]):
        name = re.search(r'name="([^"]*)"', tag)
        value = re.search(r'value="([^"]*)"', tag)
        if name and value and ('type="radio"' not in tag or " checked" in tag):
            fields[name[1]] = unescape(value[1])
    return fields


def day_from_now(**by: float) -> str:
    now = site_clock.now()
    with timezone.override("Asia/Shanghai"):
        return dates.day(now + timedelta(**by), now=now)


# --- the membership ------------------------------------------------------------------------------


def test_each_plan_says_what_is_paid_today_and_what_comes_after(client):
    membership_prices(MembershipFactory(includes="每一门课\n每一讲文字", excludes="线下活动"))
    page = text_of(client.get("/membership/"))
    assert "一个会员，全部课程" in page
    assert f"今天付 ¥0（试 7 天），{day_from_now(days=7)}起 ¥365/年，续费前 5 天提醒。" in page
    assert "¥39/月，续费前 5 天提醒。" in page
    assert "不自动续费" in page
    for words in ("每一门课", "每一讲文字", "线下活动", "退款规则", "联系我们", "开始试用"):
        assert words in page


def test_without_anything_for_sale_the_page_leads_to_the_courses(client):
    page = client.get("/membership/")
    assert page.status_code == 200
    assert "/courses/" in page.text
    assert "checkout" not in page.text


def test_a_membership_taken_off_sale_is_not_offered(client):
    membership_prices()
    Membership.objects.update(is_for_sale=False)
    assert "¥" not in text_of(client.get("/membership/"))


def test_a_member_sees_until_when_and_is_not_sold_it_again(shop, buyer):
    shop.buy(buyer, membership_prices()["month"])
    page = signed_in(buyer).get("/membership/")
    assert "你是会员" in page.text
    assert reverse("orders") in page.text
    assert "/payments/checkout/" not in page.text


def test_a_further_memberships_rows_name_their_trial(client):
    membership_prices()
    further = membership_prices(MembershipFactory(name="听书会员"))
    page = client.get("/membership/").text.split('id="further"')[1].split("</section>")[0]
    row = page.split(reverse("payments_buy", args=[further["year"].offer.key]))[1].split("</a>")[0]
    assert "试用 7 天" in row
    assert page.count("试用") == 1


def test_who_had_the_trial_is_shown_none(shop, buyer):
    prices = membership_prices()
    shop.buy(buyer, prices["year"])
    subscription = Subscription.objects.get()
    gateway.cancel_subscription(subscription.stripe_id)
    shop.deliver()
    shop.advance(days=2)
    page = text_of(signed_in(buyer).get("/membership/"))
    assert "今天付 ¥0" not in page
    assert "今天付 ¥365" in page
    assert "你已经试用过" in page


# --- buying --------------------------------------------------------------------------------------


def test_the_buying_page_says_what_it_is_and_what_it_costs(client):
    price = course_price(course(title="一群人的生意"), amount=9950)
    page = client.get(reverse("payments_buy", args=[price.offer.key]))
    for words in ("一群人的生意", "¥99.50", "退款规则"):
        assert words in text_of(page)
    assert form_of(page)["price"] == str(price.key)


def test_one_button_leads_to_the_page_where_it_is_paid(buyer):
    price = course_price(course())
    client = signed_in(buyer)
    form = form_of(client.get(reverse("payments_buy", args=[price.offer.key])))
    answer = client.post(reverse("payments_checkout"), form)
    assert answer.status_code == 303
    assert "/sandbox/checkout/" in answer["Location"]
    assert Order.objects.get().buyer == buyer


def test_buying_goes_on_after_signing_up_where_it_was(client):
    price = course_price(course())
    article = ArticleFactory(parent=course().get_parent())
    here = reverse("payments_buy", args=[price.offer.key]) + f"?from={article.pk}&block=abc-1"
    answer = client.post(reverse("payments_checkout"), form_of(client.get(here)))
    assert answer.status_code == 302
    assert answer["Location"].startswith("/account/login/?next=")
    assert not Order.objects.exists()
    landed = sign_up(client, "new@example.com", next=here)
    assert landed["Location"] == here
    answer = client.post(reverse("payments_checkout"), form_of(client.get(here)))
    assert answer.status_code == 303
    order = Order.objects.get()
    assert (order.from_page_id, order.from_block) == (article.pk, "abc-1")


def test_the_plan_chosen_on_the_membership_page_is_the_one_paid(buyer):
    prices = membership_prices()
    client = signed_in(buyer)
    form = form_of(client.get("/membership/")) | {"price": str(prices["month"].key)}
    assert client.post(reverse("payments_checkout"), form).status_code == 303
    assert Order.objects.get().price == prices["month"]


def test_who_has_it_already_is_led_to_the_lessons(shop, buyer):
    page = course(lessons=2)
    price = course_price(page)
    shop.buy(buyer, price)
    client = signed_in(buyer)
    answer = client.post(reverse("payments_checkout"), {"price": price.key}, follow=True)
    assert "你已经拥有它" in answer.text
    assert "开始第 1 讲" in text_of(answer)
    assert Order.objects.count() == 1


def test_a_price_that_changed_meanwhile_is_shown_before_it_is_paid(buyer):
    price = course_price(course(), amount=9900)
    client = signed_in(buyer)
    form = form_of(client.get(reverse("payments_buy", args=[price.offer.key])))
    offers.set_price(offer=price.offer, currency="CNY", amount=12900, now=site_clock.now())
    answer = client.post(reverse("payments_checkout"), form, follow=True)
    assert "¥129" in answer.text
    assert not Order.objects.exists()


def test_with_stripe_away_nothing_is_lost_and_the_page_says_so(buyer):
    price = course_price(course())
    client = signed_in(buyer)
    form = form_of(client.get(reverse("payments_buy", args=[price.offer.key])))
    form |= {"block": "abc-1"}
    faults.plan("no_connection", times=100)
    answer = client.post(reverse("payments_checkout"), form)
    faults.clear()
    assert answer.status_code == 503
    assert 'role="alert"' in answer.text
    again = form_of(answer)
    assert again["block"] == "abc-1"
    assert client.post(reverse("payments_checkout"), again).status_code == 303


@pytest.mark.parametrize("price", ["", "x", "1", "7b0c7a52-51f5-4bb0-9c1e-2f0b8f3c9d10"])
def test_a_price_that_is_not_there_is_not_found(buyer, price):
    client = signed_in(buyer)
    assert client.post(reverse("payments_checkout"), {"price": price}).status_code == 404


def test_buying_needs_a_post_from_our_own_page(buyer):
    price = course_price(course())
    client = signed_in(buyer)
    assert client.get(reverse("payments_checkout")).status_code == 405
    strict = Client(enforce_csrf_checks=True)
    strict.force_login(buyer)
    assert strict.post(reverse("payments_checkout"), {"price": price.key}).status_code == 403


def test_an_offer_that_is_not_there_is_not_found(client):
    assert client.get(reverse("payments_buy", args=[uuid.uuid4()])).status_code == 404


def test_what_is_not_for_sale_says_so(client, buyer):
    price = course_price(course())
    price.offer.is_active = False
    price.offer.save()
    page = client.get(reverse("payments_buy", args=[price.offer.key]))
    assert "目前没有出售" in page.text
    signed_in(buyer).post(reverse("payments_checkout"), {"price": price.key})
    assert not Order.objects.exists()


def test_a_planned_course_is_not_for_sale(client, buyer):
    page = course(opens_on=timezone.localdate() + timedelta(days=9), lessons=1)
    price = course_price(page)
    assert "¥" not in text_of(client.get(page.get_absolute_url()))
    assert "目前没有出售" in client.get(reverse("payments_buy", args=[price.offer.key])).text
    signed_in(buyer).post(reverse("payments_checkout"), {"price": price.key})
    assert not Order.objects.exists()


@pytest.mark.parametrize("led_by", ["from=x", "from=-1", "from=99999999", "block=%3Cscript%3E"])
def test_nonsense_about_what_led_here_is_left_out(buyer, led_by):
    price = course_price(course())
    client = signed_in(buyer)
    page = client.get(reverse("payments_buy", args=[price.offer.key]) + f"?{led_by}")
    assert "<script>" not in form_of(page).values()
    assert client.post(reverse("payments_checkout"), form_of(page)).status_code == 303
    order = Order.objects.get()
    assert (order.from_page_id, order.from_block) == (None, "")


def test_the_membership_says_which_plan_a_wallet_pays_for(client, settings):
    settings.STRIPE_PAYMENT_METHODS = ["card", "alipay", "wechat_pay"]
    prices = membership_prices()
    inside = {"User-Agent": "Mozilla/5.0 MicroMessenger/8.0.50"}
    shown = client.get("/membership/", headers=inside)
    assert "选择方案" in text_of(shown)
    assert "支付宝和微信支付只用于" in text_of(shown)
    assert "微信里打不开支付宝" in text_of(shown)
    assert "支付宝" not in text_of(
        client.get(reverse("payments_buy", args=[prices["month"].offer.key]), headers=inside)
    )
    prices["term"].offer.prices.update(is_active=False)
    assert "支付宝" not in text_of(client.get("/membership/", headers=inside))


def test_in_wechat_the_page_says_to_open_a_browser(client):
    price = course_price(course())
    address = reverse("payments_buy", args=[price.offer.key])
    inside = client.get(address, headers={"User-Agent": "Mozilla/5.0 MicroMessenger/8.0.50"})
    assert "请在浏览器中打开" in inside.text
    assert "请在浏览器中打开" not in client.get(address).text


def test_a_form_may_lead_on_to_stripes_pages(client):
    """Browsers stop a redirect that follows a form, unless the page allows its target."""
    policy = client.get("/membership/").headers["Content-Security-Policy"]
    [form_action] = re.findall(r"form-action ([^;]*)", policy)
    assert "https://checkout.stripe.com" in form_action
    assert "https://billing.stripe.com" in form_action


# --- prices on other pages -----------------------------------------------------------------------


def test_a_course_page_has_a_bar_to_buy_that_names_the_membership(client):
    page = course(lessons=2)
    price = course_price(page)
    membership = MembershipFactory()
    membership_prices(membership)
    MembershipCourse.objects.create(membership=membership, course=page, added_at=site_clock.now())
    shown = client.get(page.get_absolute_url()).text
    assert "¥99" in shown
    assert reverse("payments_buy", args=[price.offer.key]) in shown
    assert "会员可听" in shown


def test_who_has_the_course_sees_no_bar_to_buy(shop, buyer):
    page = course(lessons=2)
    price = course_price(page)
    shop.buy(buyer, price)
    buying = reverse("payments_buy", args=[price.offer.key])
    assert buying not in signed_in(buyer).get(page.get_absolute_url()).text


def test_a_paywall_says_question_price_refund_rule_and_a_free_lesson(client, buyer):
    page = course(lessons=2, free=1)
    price = course_price(page)
    lesson = page.get_children().last().specific
    lesson.question = "三百人的群为什么比三万人的难带"
    lesson.save()
    address = reverse("lesson", args=[page.slug, lesson.slug])
    shown = client.get(address)
    for words in (lesson.question, "¥99 买这门课", "退款规则", "已购买？登录"):
        assert words in text_of(shown)
    assert reverse("payments_buy", args=[price.offer.key]) + f"?from={lesson.pk}" in shown.text
    assert "已购买？登录" not in text_of(signed_in(buyer).get(address))


def test_a_paywall_of_a_course_that_is_not_sold_says_so(client):
    page = course(lessons=2, free=1)
    lesson = page.get_children().last()
    shown = client.get(reverse("lesson", args=[page.slug, lesson.slug]))
    assert "这门课目前没有出售" in shown.text


def card_in_article(**value):
    article = ArticleFactory(
        parent=course().get_parent(), body=[("product_card", {"line": "这口锅的三段路", **value})]
    )
    article.refresh_from_db()
    return article, article.body[0].id


def render_card(article, block_id, user):
    request = RequestFactory().get("/")
    request.user = user
    template = Template('{% include "blocks/product_card.html" %}')
    context = {
        "value": article.body[0].value,
        "block_id": block_id,
        "page": article,
        "request": request,
    }
    return template.render(Context(context))


def test_a_card_shows_the_price_of_the_moment_and_names_itself(buyer):
    page = course(lessons=1)
    price = course_price(page)
    article, block_id = card_in_article(course=page, membership=None)
    shown = unescape(render_card(article, block_id, buyer))
    assert "¥99" in shown
    assert "这口锅的三段路" in shown
    query = f"?from={article.pk}&block={block_id}"
    assert reverse("payments_buy", args=[price.offer.key]) + query in shown
    offers.set_price(offer=price.offer, currency="CNY", amount=12900, now=site_clock.now())
    assert "¥129" in render_card(article, block_id, buyer)


def test_a_card_of_what_one_has_leads_to_it(shop, buyer):
    page = course(lessons=1)
    shop.buy(buyer, course_price(page))
    article, block_id = card_in_article(course=page, membership=None)
    shown = render_card(article, block_id, buyer)
    assert "¥" not in shown
    assert page.get_absolute_url() in shown


def test_a_card_of_the_membership_names_its_trial(buyer):
    membership = MembershipFactory()
    membership_prices(membership)
    article, block_id = card_in_article(course=None, membership=membership)
    shown = render_card(article, block_id, buyer)
    assert "¥365" in shown
    assert "可先试 7 天" in shown


def test_a_card_of_an_unpublished_course_shows_nothing(buyer):
    page = course(lessons=1)
    course_price(page)
    page.live = False
    page.save()
    article, block_id = card_in_article(course=page, membership=None)
    assert not render_card(article, block_id, buyer).strip()


def test_the_membership_page_asks_the_same_however_many_plans_there_are(client):
    membership = MembershipFactory()
    membership_prices(membership)
    client.get("/membership/")
    with CaptureQueriesContext(connection) as few:
        client.get("/membership/")
    for _ in range(4):
        membership_prices(membership)
    with CaptureQueriesContext(connection) as many:
        client.get("/membership/")
    assert len(many) == len(few)


# --- a term prolonged, several memberships -------------------------------------------------------


def test_a_term_prolonged_early_names_one_day_before_and_after_paying(shop, buyer, me):
    term = membership_prices()["term"]
    first = shop.buy(buyer, term)
    shop.advance(days=350)
    ends = dates.day(periods.add_months(first.ends_at, 12), now=site_clock.now())
    assert f"到 {ends}" in text_of(me.get("/membership/"))
    assert f"到 {ends}" in text_of(me.get(reverse("payments_buy", args=[term.offer.key])))
    order = shop.buy(buyer, term)
    assert ends in text_of(me.get(reverse("order", args=[order.key])))
    assert f"你是会员，到 {ends}" in text_of(me.get("/membership/"))


def test_what_a_course_page_says_of_a_membership_is_of_one_membership(client, library, listening):
    Membership.objects.filter(name="全部课程").update(includes="每一门课")
    Membership.objects.filter(name="听书会员").update(includes="听得到的课")
    page = course()
    course_price(page)
    for prices in (library, listening):
        page.memberships.add(prices["month"].offer.membership)
    page.save()
    sync_included(page, now=site_clock.now())
    shown = text_of(client.get(page.get_absolute_url()))
    assert "会员可听，¥19/月起" in shown
    assert "听得到的课" in shown
    assert "每一门课" not in shown


def test_a_member_is_not_offered_a_membership_that_theirs_includes(
    shop, buyer, me, client, library, listening
):
    page = course()
    for prices in (library, listening):
        page.memberships.add(prices["month"].offer.membership)
    page.save()
    sync_included(page, now=site_clock.now())
    shop.buy(buyer, library["month"])
    to_buy = reverse("payments_buy", args=[listening["month"].offer.key])
    shown = me.get("/membership/").text
    assert "已包含在你的会员里" in shown
    assert to_buy not in shown
    assert to_buy in client.get("/membership/").text
    included_in(listening["month"].offer.membership)
    shown = me.get("/membership/").text
    assert "已包含在你的会员里" not in shown
    assert to_buy in shown
