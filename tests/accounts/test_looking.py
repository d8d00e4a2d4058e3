"""An operator sees the site as a learner does: half an hour, read-only, and everybody may know."""

from typing import Any

import pytest
import time_machine
from django.core import signing
from django.test import Client, RequestFactory
from wagtail.models import ModelLogEntry

from accounts import looking, roles
from accounts.models import User
from learning.models import LessonProgress, PlaySession
from operations.url_classes import UrlClass
from tests.accounts.browser import text_of
from tests.accounts.doors import addresses, grow_old
from tests.accounts.factories import UserFactory
from tests.courses.conftest import give
from tests.factories import course
from tests.factories import lesson as a_lesson
from tests.payments.staff import at_desk, somebody

pytestmark = pytest.mark.django_db
END = "/account/looking/end/"


@pytest.fixture
def learner() -> User:
    return UserFactory(name="林岚", email="linlan@example.com")


def look(desk: Any, person: User, reason: str = "她说打不开第三讲") -> Any:
    return desk.post(f"/admin/users/{person.pk}/look/", {"reason": reason})


@pytest.fixture
def desk(learner: User) -> Any:
    desk = at_desk(roles.OPERATOR)
    assert look(desk, learner).url == "/"
    return desk


def log_of(action: str) -> list[ModelLogEntry]:
    return list(ModelLogEntry.objects.filter(action=action))


# --- beginning -----------------------------------------------------------------------------------


def test_it_begins_at_the_persons_page_with_a_reason_that_is_kept(learner: User) -> None:
    desk = at_desk(roles.OPERATOR)
    assert f"/admin/users/{learner.pk}/look/" in desk.get(f"/admin/users/edit/{learner.pk}/").text
    page = desk.get(f"/admin/users/{learner.pk}/look/")
    assert "林岚" in text_of(page)
    assert look(desk, learner, reason=" ").status_code == 200
    assert not log_of("accounts.look")
    look(desk, learner)
    [entry] = log_of("accounts.look")
    assert (entry.user, entry.object_id) == (somebody(desk), str(learner.pk))
    assert entry.data == {"reason": "她说打不开第三讲"}


@pytest.mark.parametrize("role", [roles.EDITOR, roles.MODERATOR, roles.FINANCE])
def test_operators_alone_look(role: str, learner: User) -> None:
    desk = at_desk(role)
    assert look(desk, learner).status_code in (302, 403)
    assert looking.COOKIE not in desk.cookies
    assert not log_of("accounts.look")


def test_it_asks_who_one_is_first(learner: User) -> None:
    desk = at_desk(roles.OPERATOR)
    grow_old(desk)
    assert look(desk, learner).url.startswith("/account/reauthenticate/")
    assert not log_of("accounts.look")


@pytest.mark.parametrize(
    "who",
    [
        {"roles": [roles.EDITOR]},
        {"roles": [roles.MODERATOR]},
        {"is_staff": True},
        {"is_superuser": True},
        {"is_active": False},
        {"email": "deleted-7@deleted.invalid"},
    ],
    ids=str,
)
def test_staff_and_who_is_gone_are_not_looked_at(who: dict[str, Any]) -> None:
    desk = at_desk(roles.OPERATOR)
    assert look(desk, UserFactory(**who)).status_code in (302, 403)
    assert looking.COOKIE not in desk.cookies
    assert look(desk, somebody(desk)).status_code in (302, 403)


# --- while it lasts ------------------------------------------------------------------------------


def test_pages_are_the_learners_under_a_banner_and_kept_nowhere(desk: Any, learner: User) -> None:
    for page in ("/", "/courses/", "/study/"):
        answer = desk.get(page)
        assert answer.status_code == 200, page
        assert "你正以林岚的身份查看网站" in text_of(answer)
        assert answer["Cache-Control"] == "private, no-store"
        assert answer.context["request"].user == learner


def test_a_lesson_opens_as_it_opens_to_them_and_reports_nothing(desk: Any) -> None:
    page = course(lessons=2, free=1)
    free, paid = page.get_children().order_by("path")
    answer = desk.get(free.url)
    assert "canary" in answer.text
    assert "canary" not in desk.get(paid.url).text
    for token in signed_in(answer.text):
        pytest.fail(f"a page that is only looked at carries {token}")


def signed_in(text: str) -> list[str]:
    """Every word of a page that the site's own key has signed for heartbeats."""
    import re

    signer = signing.Signer(salt="learning.tokens")
    found = []
    for word in set(re.findall(r"[\w:=-]{20,}", text)):
        try:
            found.append(signer.unsign_object(word))
        except (signing.BadSignature, ValueError):
            continue
    return found


def test_the_search_for_tokens_finds_one_on_a_learners_own_page(client: Any) -> None:
    client.force_login(UserFactory())
    free = course(lessons=1, free=1).get_children().get()
    assert signed_in(client.get(free.url).text)


EVERY = addresses(*UrlClass)
SENT = ("POST", "PUT", "PATCH", "DELETE", "TRACE", "LOCK")


def test_no_address_is_open_for_sending_nor_a_private_one_for_reading() -> None:
    assert len(EVERY) > 300
    for address in EVERY:
        for method in SENT:
            assert looking.is_open(RequestFactory().generic(method, address)) == (address == END)
        if address.startswith(("/account/", "/payments/", "/admin/")) and address != END:
            assert not looking.is_open(RequestFactory().get(address)), address


def test_nothing_is_sent(desk: Any, learner: User) -> None:
    before = User.objects.filter(pk=learner.pk).values().get()
    # Beats go by a token that no page seen so has.
    assert desk.post("/study/beat/", "{}", content_type="application/json").status_code == 400
    for address in ("/account/", "/study/goals/", "/admin/users/", "/", "/x/"):
        for send in (desk.post, desk.put, desk.delete):
            answer = send(address, {"name": "别人"})
            assert answer.status_code == 403, (send, address)
            assert "这里不开放" in text_of(answer)
    assert User.objects.filter(pk=learner.pk).values().get() == before
    assert not PlaySession.objects.exists()
    assert not LessonProgress.objects.exists()
    assert desk.get("/").context["request"].user == learner


@pytest.mark.parametrize(
    "private",
    [
        *("/account/", "/account/sessions/", "/account/2fa/", "/account/privacy/delete/"),
        *("/account/orders/", "/payments/return/", "/admin/", "/admin/users/", "/sandbox/"),
    ],
)
def test_what_is_theirs_alone_cannot_be_read(desk: Any, private: str) -> None:
    """Account, keys, sessions, orders, payments; and the administration, where one is oneself."""
    answer = desk.get(private)
    assert answer.status_code == 403
    assert "这里不开放" in text_of(answer)


def test_only_what_shows_the_site_is_open(desk: Any) -> None:
    """A new address for those who are signed in is closed, or thought of here."""
    signed_in = addresses(UrlClass.SIGNED_IN, UrlClass.STAFF)
    opened = [a for a in signed_in if not a.startswith(looking.CLOSED)]
    assert {a for a in opened if desk.get(a).status_code == 200} == {"/study/"}


# --- the end -------------------------------------------------------------------------------------


def test_a_button_ends_it_and_leads_back(desk: Any, learner: User) -> None:
    assert END in desk.get("/").text
    assert desk.post(END).url == f"/admin/users/edit/{learner.pk}/"
    assert desk.get("/").context["request"].user == somebody(desk)
    assert "你正以" not in text_of(desk.get("/"))
    assert desk.get("/admin/users/").status_code == 200
    [entry] = log_of("accounts.look_end")
    assert (entry.user, entry.data) == (somebody(desk), {"what": ["by hand"]})


def test_it_ends_by_itself_and_what_is_sent_then_is_refused(desk: Any) -> None:
    with time_machine.travel(looking.time.time() + looking.LIFETIME + 1):
        late = desk.post("/account/", {"name": "别人"})
        assert late.status_code == 403
        assert "半小时已到" in text_of(late)
        assert desk.get("/").context["request"].user == somebody(desk)
    assert [entry.data for entry in log_of("accounts.look_end")] == [{"what": ["by itself"]}]


def test_it_ends_when_the_learner_becomes_staff(desk: Any, learner: User) -> None:
    learner.is_staff = True
    learner.save()
    assert desk.get("/").context["request"].user == somebody(desk)


def test_it_ends_when_the_operator_is_one_no_longer(desk: Any) -> None:
    somebody(desk).groups.clear()
    assert desk.get("/").context["request"].user == somebody(desk)


def test_it_ends_when_the_second_factor_is_gone(desk: Any) -> None:
    somebody(desk).authenticator_set.all().delete()
    assert desk.get("/").context["request"].user == somebody(desk)


def test_a_cookie_alone_makes_nobody_another(client: Any, learner: User) -> None:
    me = UserFactory()
    client.force_login(me)
    client.cookies[looking.COOKIE] = "1"
    assert client.get("/").context["request"].user == me
    assert client.get("/account/").status_code == 200


def test_nobody_else_pays_for_it(client: Any, django_assert_num_queries: Any) -> None:
    """A heartbeat without the cookie touches neither session nor database."""
    client.force_login(UserFactory())
    with django_assert_num_queries(0):
        client.post("/study/beat/", b"{}", content_type="application/json")


def test_a_lesson_that_is_kept_for_its_readers_says_so_too(learner: User, settings: Any) -> None:
    settings.SHARED_SECONDS = 60
    page = course(slug="yiqun")
    a_lesson(page, slug="02")
    give(learner, page)
    reader = Client()
    reader.force_login(learner)
    assert reader.get("/courses/yiqun/02/").status_code == 200  # and it is kept
    desk = at_desk(roles.OPERATOR)
    look(desk, learner)
    seen = desk.get("/courses/yiqun/02/").text
    assert END in seen
    assert "data-token" not in seen
    assert END not in reader.get("/courses/yiqun/02/").text
