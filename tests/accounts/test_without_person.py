"""What no person asks is answered before sessions, form tokens and languages come into it."""

import pytest
from django.test import Client

pytestmark = pytest.mark.django_db
ADDRESSES = ("/study/beat/", "/payments/webhook/")


@pytest.mark.parametrize("address", ADDRESSES)
def test_neither_session_nor_form_token_nor_language_is_looked_at(
    address, django_assert_num_queries
):
    client = Client(enforce_csrf_checks=True)
    client.cookies["sessionid"] = "somebody"
    with django_assert_num_queries(0):
        answer = client.post(address, b"{}", content_type="application/json")
    assert answer.status_code in (400, 401)
    assert not answer.cookies
    assert "Content-Language" not in answer.headers
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("address", ADDRESSES)
def test_only_under_our_own_name(address):
    answer = Client(headers={"Host": "elsewhere.example"}).post(address)
    assert answer.status_code == 400
    assert answer.content != Client().post(address).content


@pytest.mark.parametrize("address", ADDRESSES)
def test_what_lies_beneath_is_not_there(address):
    assert Client().post(f"{address}more/").status_code == 404
