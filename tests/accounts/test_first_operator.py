"""The first operator of an empty site."""

import io
import time
from typing import Any

import pytest
from django.core.management import call_command

from accounts import first_operator, roles
from accounts.models import User
from tests.accounts.browser import browser, text_of
from tests.accounts.factories import PASSWORD, SECRET, UserFactory, app_code, operator

pytestmark = pytest.mark.django_db
FORM = {"email": "Boss@example.com", "name": "掌柜", "password": PASSWORD}


def path() -> str:
    link = first_operator.link()
    assert link
    return link.removeprefix("http://localhost:8000")


@pytest.mark.django_db(transaction=True)
def test_from_the_link_to_the_list_of_what_is_still_to_set(client: Any) -> None:
    assert client.post(path(), FORM).url == "/account/2fa/totp/activate/"
    assert client.get("/account/2fa/totp/activate/").status_code == 200
    session = client.session
    session["mfa.totp.secret"] = SECRET
    session.save()
    codes = client.post("/account/2fa/totp/activate/", {"code": app_code()}, follow=True)
    assert 'href="/admin/"' in codes.content.decode()
    desk = client.get("/admin/")
    assert desk.status_code == 200
    assert 'id="opening-checklist"' in desk.content.decode()
    user = User.objects.get()
    assert user.email == "boss@example.com"
    assert not user.is_superuser
    assert [group.name for group in user.groups.all()] == [roles.OPERATOR]


def test_with_a_passkey_instead_of_a_password(client: Any) -> None:
    answer = client.post(path(), {**FORM, "password": "", "by_passkey": "on"})
    assert answer.url == "/account/2fa/webauthn/add/"
    assert client.get(answer.url).status_code == 200
    assert not User.objects.get().has_usable_password()


def test_the_link_alone_gives_no_staff_page(client: Any) -> None:
    client.post(path(), FORM)
    assert client.get("/admin/").url == "/account/second-step/"


def test_it_is_over_once_there_is_an_operator(client: Any) -> None:
    address = path()
    client.post(address, FORM)
    assert first_operator.link() is None
    for method in (browser().get, browser().post):
        assert method(address, {**FORM, "email": "second@example.com"}).status_code == 404
    assert User.objects.count() == 1


def test_of_two_at_once_one_is_made(client: Any) -> None:
    token = path().rstrip("/").rpartition("/")[2]
    first_operator.create(token=token, email="a@example.com", name="a", password=PASSWORD)
    with pytest.raises(first_operator.NotNeeded):
        first_operator.create(token=token, email="b@example.com", name="b", password=PASSWORD)


@pytest.mark.parametrize("token", ["x", "first:x:y", "ImZpcnN0Ig:1abc:forged"])
def test_a_forged_address_is_of_no_use(client: Any, token: str) -> None:
    assert client.post(f"/account/first-operator/{token}/", FORM).status_code == 404
    assert not User.objects.exists()


def test_an_old_address_is_of_no_use(client: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    address = path()
    later = time.time() + 25 * 3600
    monkeypatch.setattr(time, "time", lambda: later)
    assert client.get(address).status_code == 404


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"password": ""}, "password"),
        ({"password": "12345678"}, "password"),
        ({"email": "no"}, "email"),
        ({"email": "taken@example.com"}, "email"),
        ({"name": ""}, "name"),
    ],
)
def test_bad_input_is_told_by_the_field_and_kept(
    client: Any, bad: dict[str, str], field: str
) -> None:
    UserFactory(email="taken@example.com")
    answer = client.post(path(), FORM | bad)
    assert answer.status_code == 200
    assert answer.context["form"].errors[field]
    assert answer.context["form"]["name"].value() == (FORM | bad)["name"]
    assert not roles.operators().exists()


def test_the_command_prints_it_until_it_is_over() -> None:
    def printed() -> str:
        out = io.StringIO()
        call_command("first_operator", stdout=out)
        return out.getvalue()

    assert "/account/first-operator/" in printed()
    operator()
    assert "http" not in printed()


def test_a_closed_operator_does_not_count(client: Any) -> None:
    user = operator()
    user.is_active = False
    user.save()
    assert first_operator.link()


def test_the_page_speaks_plainly(client: Any) -> None:
    client.cookies["django_language"] = "en"
    assert "First operator" in text_of(client.get(path()))


def test_whoever_was_logged_in_is_no_longer(client: Any) -> None:
    client.force_login(UserFactory())
    client.post(path(), FORM)
    made: Any = User.objects.get(email="boss@example.com")
    assert int(client.session["_auth_user_id"]) == made.pk
