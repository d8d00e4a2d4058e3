"""Pages for what went wrong: in the house's voice, with the number that is in the log."""

import json
import re
from urllib.parse import quote

import pytest
from django.test import Client

from tests.payments.staff import at_desk

pytestmark = [pytest.mark.django_db, pytest.mark.urls("tests.operations.error_urls")]
NUMBER = re.compile(r"\b[0-9A-F]{8}\b")


@pytest.fixture
def visitor() -> Client:
    return Client(raise_request_exception=False)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/suspicious/", 400),
        ("/denied/", 403),
        ("/missing/", 404),
        ("/no-such-page/", 404),
        ("/broken/", 500),
        ("/away/", 503),
    ],
)
def test_each_error_has_its_page_with_the_requests_number(visitor, path, status) -> None:
    answer = visitor.get(path)
    assert answer.status_code == status
    shown = NUMBER.search(answer.text)
    assert shown
    assert answer["X-Request-ID"].upper().startswith(shown.group())
    assert "<h1" in answer.text
    assert "style=" not in answer.text
    assert "<script" not in answer.text.split("<main")[1].split("</main")[0]


@pytest.mark.django_db
def test_a_refused_form_leaves_the_address_at_its_page(client: Client) -> None:
    refused = client.post("/letters/ask/", {"email": "nobody"})
    assert (refused.status_code, refused["HX-Push-Url"]) == (422, "false")
    assert "HX-Push-Url" not in client.get("/letters/ask/", follow=True)
    assert "HX-Push-Url" not in client.get("/no-such-page/")


def test_who_finds_the_database_away_is_told_when_to_come_back(visitor) -> None:
    answer = visitor.get("/away/")
    assert answer["Retry-After"] == "30"
    assert "马上回来" in answer.text


def test_the_number_of_a_broken_page_finds_the_error_in_the_log(visitor, log_of) -> None:
    shown = NUMBER.search(visitor.get("/broken/").text)
    assert shown
    found = [json.loads(line) for line in log_of().splitlines()]
    mine = [entry for entry in found if entry["request_id"].upper().startswith(shown.group())]
    assert any("RuntimeError" in entry.get("error", "") for entry in mine)
    assert any(entry.get("status") == 500 for entry in mine)


def test_the_500_page_stands_when_the_database_is_gone(visitor, monkeypatch) -> None:
    from django.db import OperationalError
    from django.db.backends.utils import CursorWrapper

    def gone(*args: object, **kwargs: object) -> None:
        raise OperationalError("gone")

    monkeypatch.setattr(CursorWrapper, "execute", gone)
    answer = visitor.get("/broken/")
    assert answer.status_code == 500
    assert NUMBER.search(answer.text)


def test_a_wrong_host_name_gets_a_page_too(visitor) -> None:
    answer = visitor.get("/", headers={"host": "elsewhere.example"})
    assert answer.status_code == 400
    assert NUMBER.search(answer.text)


def test_a_form_without_its_token_says_to_send_it_again() -> None:
    answer = Client(enforce_csrf_checks=True).post("/form/", {"note": "x"})
    assert answer.status_code == 403
    assert NUMBER.search(answer.text)


def test_programs_get_a_line_instead_of_a_page(visitor) -> None:
    answer = visitor.get("/missing/", headers={"accept": "application/json"})
    assert answer.status_code == 404
    assert answer["Content-Type"].startswith("text/plain")
    assert "<" not in answer.text


@pytest.mark.django_db
def test_a_wrong_address_gets_the_houses_page_under_debug_too(client, settings) -> None:
    settings.DEBUG = True
    response = client.get("/nowhere/")
    assert response.status_code == 404
    assert "URLconf" not in response.content.decode()


@pytest.mark.django_db
@pytest.mark.urls("urls")
def test_an_address_of_the_admin_that_names_no_row_is_not_found() -> None:
    client = at_desk("editor")
    for text in ("yiqun", "\x85", "1.5"):
        answer = client.get(f"/admin/snippets/choose/courses/instructor/chosen/{quote(text)}/")
        assert answer.status_code == 404
