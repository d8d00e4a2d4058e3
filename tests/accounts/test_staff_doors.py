"""No address gives a staff page without a second factor shown in this very session."""

from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group

from accounts import roles
from accounts.models import User
from operations.url_classes import UrlClass
from tests.accounts.browser import (
    browser,
    code_in,
    latest_mail,
    log_in,
    log_in_by_code,
    second_step,
    sign_up,
    text_of,
)
from tests.accounts.doors import addresses, grow_old
from tests.accounts.factories import (
    PASSWORD,
    SECRET,
    UserFactory,
    app_code,
    give_app,
    operator,
)

pytestmark = pytest.mark.django_db
STAFF_PAGES = ["/admin/", "/admin/users/", "/admin/pages/", "/admin/api/main/pages/", "/admin/x/"]
STAFF_PAGES += ["/admin/login/../users/", "/admin/sprite/", "/admin/logout/", "/admin/account/"]
SET_UP = "/account/second-step/"


# --- every door there is, as the resolver knows them -------------------------------------------

EVERY_DOOR = addresses(UrlClass.STAFF)


def by_password(client: Any, role: str) -> None:
    log_in(client, UserFactory(roles=[role], password=PASSWORD).email)


def by_code(client: Any, role: str) -> None:
    log_in_by_code(client, UserFactory(roles=[role]).email)


def before_the_app(client: Any, role: str) -> None:
    """Signed in by a password alone, and now has an app which this session never showed."""
    user = UserFactory(roles=[role], password=PASSWORD)
    log_in(client, user.email)
    give_app(user)


def half_way(client: Any, role: str) -> None:
    """The password is right, and the app has not been asked yet."""
    user = UserFactory(roles=[role], password=PASSWORD)
    give_app(user)
    log_in(client, user.email)


WAYS = [
    (by_password, roles.OPERATOR),
    (by_code, roles.EDITOR),
    (before_the_app, roles.FINANCE),
    (half_way, roles.MODERATOR),
]


@pytest.mark.parametrize(("enters", "role"), WAYS)
def test_no_door_opens_without_a_second_factor(client: Any, enters: Any, role: str) -> None:
    assert len(EVERY_DOOR) > 200
    enters(client, role)
    for door in EVERY_DOOR:
        answer = client.post(door) if enters is by_password else client.get(door)
        assert answer.status_code == 302, (door, answer.status_code)
        assert answer.url.startswith("/account/"), (door, answer.url)


def test_behind_the_doors_there_is_something(client: Any) -> None:
    """The walk above would pass if it knocked at walls."""
    user = operator()
    give_app(user)
    log_in(client, user.email)
    second_step(client)
    doors = [door for door in EVERY_DOOR if door.startswith(("/admin/money/", "/admin/users/"))]
    assert sum(client.get(door).status_code == 200 for door in doors) > 15


# --- the ways in -------------------------------------------------------------------------------


def is_staff_inside(client: Any) -> bool:
    return client.get("/admin/users/").status_code == 200


def assert_shut(client: Any) -> None:
    for page in STAFF_PAGES:
        for method in (client.get, client.post, client.head, client.put):
            assert method(page).status_code in (302, 403), (method, page)


@pytest.mark.parametrize("page", STAFF_PAGES)
def test_visitors_are_led_to_the_one_log_in_and_back(client: Any, page: str) -> None:
    answer = client.get(page)
    assert answer.status_code == 302
    assert answer.url.startswith("/account/login/?next=%2Fadmin%2F")


def test_a_learner_is_refused(client: Any) -> None:
    client.force_login(UserFactory())
    assert client.get("/admin/").status_code == 403
    assert_shut(client)


def test_a_password_and_the_app_let_an_operator_in(client: Any) -> None:
    user = operator()
    give_app(user)
    log_in(client, user.email, next="/admin/users/")
    assert not is_staff_inside(client)
    assert second_step(client).url == "/admin/users/"
    assert is_staff_inside(client)


def test_a_password_alone_leads_to_setting_one_up(client: Any) -> None:
    user = operator()
    log_in(client, user.email)
    assert client.get("/admin/users/").url == SET_UP
    assert_shut(client)
    assert client.get(SET_UP).status_code == 200


def test_a_code_by_mail_alone_does_not_count(client: Any) -> None:
    user = operator(password=None)
    log_in_by_code(client, user.email)
    assert client.get("/admin/").url == SET_UP
    assert_shut(client)


def test_a_code_by_mail_still_asks_for_the_app(client: Any) -> None:
    user = operator()
    give_app(user)
    log_in_by_code(client, user.email)
    assert_shut(client)
    second_step(client)
    assert is_staff_inside(client)


def test_a_new_password_by_mail_does_not_count(client: Any) -> None:
    user = operator()
    give_app(user)
    client.post("/account/password/reset/", {"email": user.email})
    code = {"code": code_in(latest_mail(user.email))}
    client.post("/account/password/reset/confirm/", code)
    new = {"password1": "quiet-river-stone-7", "password2": "quiet-river-stone-7"}
    client.post("/account/password/reset/complete/", new)
    assert_shut(client)


def test_confirming_an_address_does_not_count(client: Any) -> None:
    user = operator(verified=False)
    log_in(client, user.email)
    client.post("/account/confirm-email/", {"code": code_in(latest_mail(user.email))})
    assert client.get("/account/").status_code == 200
    assert client.get("/admin/").url == SET_UP
    assert_shut(client)


def test_signing_up_does_not_count_and_a_role_given_later_opens_nothing(client: Any) -> None:
    sign_up(client, "new@example.com")
    assert client.get("/admin/").status_code == 403
    user = User.objects.get(email="new@example.com")
    user.groups.add(Group.objects.get(name=roles.EDITOR))
    assert client.get("/admin/").url == SET_UP
    assert_shut(client)


def test_a_session_from_before_the_role_must_show_the_app(client: Any) -> None:
    user = UserFactory(password=PASSWORD)
    log_in(client, user.email)
    give_app(user)
    user.groups.add(Group.objects.get(name=roles.FINANCE))
    answer = client.get("/admin/")
    assert answer.url == "/account/2fa/reauthenticate/?next=%2Fadmin%2F"
    assert_shut(client)
    assert client.post(answer.url, {"code": app_code(), "next": "/admin/"}).url == "/admin/"
    assert client.get("/admin/").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_setting_up_the_app_counts_for_this_session_and_leads_on(client: Any) -> None:
    user = operator()
    log_in(client, user.email)
    client.get("/admin/users/")
    client.get("/account/2fa/totp/activate/")
    session = client.session
    session["mfa.totp.secret"] = SECRET
    session.save()
    done = client.post("/account/2fa/totp/activate/", {"code": app_code()}, follow=True)
    assert 'href="/admin/users/"' in done.content.decode()
    assert is_staff_inside(client)
    other = browser()
    log_in(other, user.email)
    assert_shut(other)


def test_a_second_factor_is_good_for_a_working_day(client: Any) -> None:
    user = operator()
    give_app(user)
    log_in(client, user.email)
    second_step(client)
    grow_old(client, hours=11)
    assert is_staff_inside(client)
    grow_old(client, hours=13)
    assert client.get("/admin/").url.startswith("/account/2fa/reauthenticate/")
    assert_shut(client)


def test_a_second_factor_shown_elsewhere_does_not_count_here(client: Any) -> None:
    user = operator()
    other = browser()
    log_in(other, user.email)  # a session of before the app
    give_app(user)
    log_in(client, user.email)
    second_step(client)
    assert is_staff_inside(client)
    assert_shut(other)


def test_a_second_factor_that_was_taken_away_no_longer_counts(client: Any) -> None:
    user = operator()
    give_app(user)
    log_in(client, user.email)
    second_step(client)
    Authenticator.objects.filter(user=user).delete()
    assert client.get("/admin/").url == SET_UP
    assert_shut(client)


def test_somebody_elses_second_factor_does_not_count(client: Any) -> None:
    learner = UserFactory(password=PASSWORD)
    give_app(learner)
    log_in(client, learner.email)
    second_step(client)
    client.post("/account/logout/")
    log_in(client, operator().email)
    assert_shut(client)


def test_a_recovery_code_counts_once(client: Any) -> None:
    from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes

    user = operator()
    give_app(user)
    code = RecoveryCodes.activate(user).get_unused_codes()[0]
    log_in(client, user.email)
    second_step(client, code)
    assert is_staff_inside(client)
    other = browser()
    log_in(other, user.email)
    second_step(other, code)
    assert_shut(other)


@pytest.mark.parametrize("power", [{"is_staff": True}, {"is_superuser": True}])
def test_staff_without_a_role_is_staff_too(client: Any, power: dict[str, bool]) -> None:
    user = UserFactory(password=PASSWORD, **power)
    log_in(client, user.email)
    assert client.get("/admin/").url == SET_UP
    assert_shut(client)


def test_somebody_whose_only_power_is_a_permission_is_staff_too(client: Any) -> None:
    from django.contrib.auth.models import Permission

    user = UserFactory(password=PASSWORD)
    user.user_permissions.add(Permission.objects.get(codename="access_admin"))
    log_in(client, user.email)
    assert client.get("/admin/").url == SET_UP


def test_djangos_log_in_makes_no_session(client: Any) -> None:
    user = operator()
    for door in ("/admin/login/", "/_util/login/"):
        answer = client.post(door, {"username": user.email, "password": PASSWORD})
        assert answer.url.startswith("/account/login/")
    assert client.get("/account/").status_code == 302


def test_wagtails_password_reset_is_shut(client: Any) -> None:
    user = operator()
    give_app(user)
    assert client.post("/admin/password_reset/", {"email": user.email}).status_code == 302
    log_in(client, user.email)
    second_step(client)
    assert client.get("/admin/password_reset/").status_code == 404


def test_the_page_that_asks_for_one_is_for_staff(client: Any) -> None:
    client.force_login(UserFactory())
    assert client.get(SET_UP).status_code == 404


def test_a_role_taken_away_shuts_the_door(client: Any) -> None:
    user = operator()
    give_app(user)
    log_in(client, user.email)
    second_step(client)
    user.groups.clear()
    assert client.get("/admin/").status_code == 403


def test_wagtail_speaks_the_persons_language_and_keeps_their_time(client: Any) -> None:
    from wagtail.users.models import UserProfile

    user = operator(language="en", time_zone="America/New_York")
    UserProfile.objects.create(
        user=user, preferred_language="zh-hans", current_time_zone="Asia/Tokyo"
    )
    give_app(user)
    log_in(client, user.email)
    second_step(client)
    page = client.get("/admin/users/")
    assert "Users" in text_of(page)
    assert '<html lang="en"' in page.content.decode()
    account = client.get("/admin/account/").content.decode()
    for hidden in ("preferred_language", "current_time_zone", "first_name", "old_password"):
        assert hidden not in account
    assert "/account/" in account
