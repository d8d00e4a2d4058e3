"""What staff look for often in a listing is kept under a name, for themselves."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts import roles
from accounts.models import SavedFilter
from accounts.saved_filters import MOST
from tests.accounts.browser import text_of
from tests.accounts.factories import UserFactory
from tests.payments.factories import OrderFactory
from tests.payments.staff import at_desk, somebody

pytestmark = pytest.mark.django_db
ORDERS = "/admin/money/orders/"


@pytest.fixture
def desk():
    return at_desk(roles.FINANCE)


def save(desk: Client, name: str, query: str = "status=open", listing: str = "money-orders:index"):
    form = {"name": name, "query": query, "listing": listing}
    return desk.post(reverse("saved_filter_save"), form, follow=True)


def test_a_filter_is_saved_shown_used_and_forgotten(desk):
    OrderFactory()
    shown = desk.get(ORDERS, {"status": "open", "q": "林", "p": "1"}).text
    assert 'name="query" value="q=%E6%9E%97&amp;status=open"' in shown
    answer = save(desk, "未付款的林", "q=%E6%9E%97&status=open")
    assert answer.redirect_chain[-1][0] == f"{ORDERS}?q=%E6%9E%97&status=open"
    assert "已保存" in answer.text
    assert 'aria-current="true">未付款的林' in answer.text
    plain = desk.get(ORDERS).text
    assert "未付款的林" in plain
    assert f'href="{ORDERS}?q=%E6%9E%97&amp;status=open"' in plain
    row = SavedFilter.objects.get()
    desk.post(reverse("saved_filter_forget", args=[row.pk]))
    desk.get(ORDERS)  # which says so
    assert "未付款的林" not in desk.get(ORDERS).text


def test_it_is_there_as_well_in_results_that_come_without_the_page(desk):
    OrderFactory()
    save(desk, "未付款")
    assert "未付款" in desk.get(f"{ORDERS}results/", {"status": "open"}).text


def test_the_same_name_again_is_the_new_filter_and_says_so(desk):
    save(desk, "今天看的", "status=open")
    again = save(desk, "今天看的", "status=open")
    assert "筛选「今天看的」已保存。" in text_of(again)
    other = save(desk, "今天看的", "status=failed")
    assert "筛选「今天看的」已保存，替换了原来的同名筛选。" in text_of(other)
    assert SavedFilter.objects.get().query == "status=failed"


def test_each_has_their_own(desk):
    save(desk, "我的")
    other = at_desk(roles.FINANCE, email="other@example.org")
    row = SavedFilter.objects.get(owner=somebody(desk))
    assert "我的" not in other.get(ORDERS).text
    assert other.post(reverse("saved_filter_forget", args=[row.pk])).status_code == 404
    assert SavedFilter.objects.filter(pk=row.pk).exists()


@pytest.mark.parametrize(
    ("name", "listing"), [("", "money-orders:index"), ("x" * 41, "money-orders:index"), ("x", "no")]
)
def test_what_cannot_be_saved_is_told(desk, name, listing):
    answer = save(desk, name, listing=listing)
    assert answer.status_code == 200
    assert not SavedFilter.objects.exists()


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("status=nonsense", "筛选「状态」没有「nonsense」这个值，没有保存。"),
        ("kind=one_off&paid=perhaps", "筛选「已付」没有「perhaps」这个值，没有保存。"),
        ("created_at_from=someday", "筛选「创建于」没有「someday」这个值，没有保存。"),
        ("state=open", "这里没有「state」这个筛选，没有保存。"),
    ],
)
def test_a_value_that_the_filter_does_not_know_is_not_saved(desk, query, said):
    answer = save(desk, "看不到&<", query)
    assert said in text_of(answer)
    assert not SavedFilter.objects.exists()
    assert "<details open>" in answer.text
    assert 'name="name" value="看不到&amp;&lt;"' in answer.text
    assert f'name="query" value="{query.replace("&", "&amp;")}"' in answer.text


def test_without_a_name_one_comes_back_to_what_was_filtered(desk):
    assert save(desk, "").redirect_chain[-1][0] == f"{ORDERS}?status=open"


def test_there_are_not_endlessly_many(desk):
    for number in range(MOST + 1):
        answer = save(desk, f"第 {number}")
    assert SavedFilter.objects.count() == MOST
    assert str(MOST) in answer.text
    assert f'name="name" value="第 {MOST}"' in answer.text


def test_learners_save_nothing(client):
    client.force_login(UserFactory())
    assert save(client, "我的").status_code == 403
    assert not SavedFilter.objects.exists()
