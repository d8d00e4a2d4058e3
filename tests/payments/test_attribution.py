"""What led to a purchase, as links and forms name it."""

import pytest
from django.test import RequestFactory

from payments import attribution
from payments.checkout import Attribution
from tests.factories import course

BLOCK = "0b1d0f3e-0000-4000-8000-000000000001"


@pytest.mark.parametrize(
    ("query", "page_id", "block"),
    [
        ({}, None, ""),
        ({"from": "12", "block": BLOCK}, 12, BLOCK),
        ({"from": "999999999", "block": "x" * 64}, 999999999, "x" * 64),
        ({"from": "1000000000", "block": "x" * 65}, None, ""),
        ({"from": "a", "block": "a b"}, None, ""),
        ({"from": "-1", "block": "<b>"}, None, ""),
        ({"from": "１２", "block": "块"}, None, ""),
    ],
)
def test_only_numbers_and_names_are_read(query, page_id, block):
    request = RequestFactory().get("/", query)
    assert attribution.from_query(request) == Attribution(page_id=page_id, block=block)


@pytest.mark.django_db
def test_a_form_names_a_page_that_is_there():
    page = course()

    def read(number):
        return attribution.from_form(
            RequestFactory().post("/?from=7", {"from": str(number), "block": BLOCK})
        )

    assert read(page.pk) == Attribution(page_id=page.pk, block=BLOCK)
    assert read(page.pk + 99) == Attribution(block=BLOCK)
    assert read("") == Attribution(block=BLOCK)


def test_a_link_names_only_what_is_known():
    assert attribution.as_query(Attribution()) == ""
    assert attribution.as_query(Attribution(page_id=12)) == "?from=12"
    whole = attribution.as_query(Attribution(page_id=12, block="b-1"), "SPRING 1")
    assert whole == "?from=12&block=b-1&code=SPRING+1"


@pytest.mark.parametrize(
    ("agent", "inside"),
    [("Mozilla/5.0 MicroMessenger/8.0", True), ("Mozilla/5.0", False), (None, False)],
)
def test_wechats_own_browser_is_known_by_its_name(agent, inside):
    headers = {"User-Agent": agent} if agent else {}
    assert attribution.is_in_wechat(RequestFactory().get("/", headers=headers)) is inside
