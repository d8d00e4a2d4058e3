"""A session that was left open is not enough for money, roles, keys and farewells."""

from typing import Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.urls import get_resolver

from accounts import roles
from accounts.models import User
from operations.url_classes import UrlClass, class_of, routes
from tests.accounts.browser import log_in, second_step
from tests.accounts.doors import filled, grow_old
from tests.accounts.factories import PASSWORD, UserFactory, app_code, give_app

pytestmark = pytest.mark.django_db
PROOF = "/account/reauthenticate/"
# What a learner's old session may still do by POST, and why; everything else asks for a proof.
FREE = {
    "account/": "name, language and time zone",
    "account/mails/": "which mails one wants",
    "following/": "shows a page",
    "following/publisher/": "free, and ended with a tap",
    "following/instructors/<str:slug>/": "free, and ended with a tap",
    "account/second-step/": "shows a page",
    "account/looking/end/": "gives powers back",
    "account/reauthenticate/": "is the proof",
    "account/reauthenticate/code/": "is the proof",
    "account/2fa/reauthenticate/": "is the proof",
    "account/2fa/webauthn/reauthenticate/": "is the proof",
    "account/2fa/": "shows a page",
    "account/2fa/recovery-codes/": "is read, and reading it asks (below)",
    "account/2fa/webauthn/": "shows a page",
    "account/password/change/": "asks for the present password itself",
    "account/sessions/": "signing out elsewhere helps the owner, never a thief",
    "account/privacy/": "shows a page",
    "account/orders/": "shows a page",
    "account/orders/<uuid:key>/": "shows a page",
    "account/orders/<uuid:key>/receipt/": "leads to a receipt",
    "account/orders/<uuid:key>/refund/": "asks; finance decides, after a proof of its own",
    "account/refunds/<uuid:key>/withdraw/": "takes a wish back; it can be made again",
    "account/orders/<uuid:key>/give-up/": "ends, by one tap from a mail, what nothing was paid for",
    "account/orders/<uuid:key>/pay/": "leads to Stripe's page by one tap; charges nothing",
    "account/orders/<uuid:key>/begin/": "charges what was agreed to on Stripe's page, only sooner",
    "account/subscriptions/<int:pk>/": "shows a page",
    "account/subscriptions/<int:pk>/pause/": "charges less, and can be taken back",
    "account/subscriptions/<int:pk>/pay/": "leads to Stripe's page of a bill",
    "account/subscriptions/<int:pk>/switch/": "shows a page",
    "account/subscriptions/<int:pk>/switch/back/": "takes back what was planned",
    "account/subscriptions/<int:pk>/card/": "leads to Stripe's page by one tap; charges nothing",
    "account/subscriptions/<int:pk>/cancel/": "charges less, and can be taken back",
    "account/subscriptions/<int:pk>/resume/": "takes that back; charges nothing before its day",
    "account/subscriptions/<int:pk>/switch/<uuid:key>/": "asks once there is a plan (below)",
    "account/orders/<uuid:key>/seats.csv": "is read, as the order is",
    "account/orders/<uuid:key>/fapiao/": "asks for one; nobody is charged",
    "account/orders/<uuid:key>/fapiao/bills/<int:bill>/": "asks for one; nobody is charged",
    "account/orders/<uuid:key>/fapiao/<int:pk>/file/": "is read, as the order is",
    "payments/return/": "shows a page",
    "payments/cancelled/": "shows a page",
    "study/": "shows a page",
    "study/feeds/": "shows a page",
    "study/feeds/<str:kind>/<int:number>/": "shows a page",
    "study/feeds/<str:kind>/<int:number>/make/": "an address of what one may hear; it can be ended",
    "study/feeds/<str:kind>/<int:number>/end/": "ends an address; another can be made",
    "community/questions/": "shows a page",
    "study/goals/": "how much one means to study",
    "study/ledger/": "shows a page",
    "study/ledger/days/<str:day>/": "shows a page",
    "study/ledger/disciplines/": "shows a page",
    "study/ledger/years/<int:number>/": "shows a page",
    "study/ledger/years/<int:number>/poster.png": "is read, as the page is",
    "study/ledger/take/": "adds to one's own book, which opens nothing",
    "study/ledger/export.<str:suffix>": "is read, as the ledger is",
    "study/certificates/": "shows a page",
    "study/certificates/<str:kind>/<int:target_id>/": "issues what was earned, once",
    "credentials/<str:number>/name/": "one's own name, and what stood before is kept",
    "credentials/<str:number>/certificate.png": "is read, as the page is",
    "credentials/<str:number>/certificate.pdf": "is read, as the page is",
    "credentials/<str:number>/poster.png": "is read, as the page is",
    "credentials/<str:number>/badge.jwt": "is read, as the page is",
    "credentials/<str:number>/badge.png": "is read, as the page is",
    "study/tracks/<int:track_id>/join/": "study",
    "study/tracks/<int:track_id>/leave/": "study",
    "study/tracks/<int:track_id>/task/": "study",
    "study/tracks/<int:track_id>/plan/": "study",
    "study/tracks/<int:track_id>/plan/drop/": "study",
    "study/calendar/": "study",
    "study/notes/": "shows a page",
    "study/notes/notes.md": "is read, as the page is",
    "study/notes/notes.epub": "is read, as the page is",
    "study/notes/<uuid:key>/": "one's own words",
    "study/notes/<uuid:key>/remove/": "one's own words",
    "study/notes/<uuid:key>/share/": "one's own words, and can be taken back",
    "study/notes/<uuid:key>/review/": "what one is asked again",
    "study/continue/calendar.ics": "is read, as the page is",
    "study/continue/cancel/": "takes a reminder back; it can be chosen again",
    "study/resume/<int:lesson_id>/": "leads to a page",
    "wishes/<int:course_id>/": "what one wants to learn, and can be taken back",
    "study/review/": "shows a page",
    "study/review/statistics/": "shows a page",
    "study/review/<uuid:key>/": "how well one recalled",
    "study/review/<uuid:key>/remove/": "what one is asked again",
}

FORMS = {"account/email/": {"action_add": "", "email": "new@example.com"}}


def known(*beginnings: str) -> list[str]:
    return sorted({r for r, _ in routes(get_resolver()) if r.startswith(beginnings)})


def old_desk(client: Any, role: str) -> User:
    """Staff with a second factor, who signed in an hour ago."""
    person = UserFactory(roles=[role], password=PASSWORD)
    give_app(person)
    log_in(client, person.email)
    second_step(client)
    grow_old(client)
    return person


def asks(answer: Any) -> bool:
    return answer.status_code == 302 and answer.url.startswith((PROOF, "/account/2fa/reauth"))


def test_no_act_about_money_is_done_from_a_desk_left_alone(client: Any) -> None:
    """Each address below the menu of money either takes no form, or asks for a proof first."""
    old_desk(client, roles.FINANCE)
    asked = []
    for route in known("admin/money/"):
        answer = client.post(filled(route))
        if asks(answer):
            asked.append(route)
        elif answer.status_code != 405:
            # A row that is not there is looked for first.
            assert answer.status_code == 404, (route, answer.status_code)
            assert "/inspect/" in route, route
    assert {route.split("/")[3] for route in asked} == {
        *(
            "refund",
            "approve",
            "confirm",
            "decline",
            "new",
            "edit",
            "withdraw",
            "give",
            "settle",
            "replay",
            "again",
            "extend",
            "chosen",
        ),
        *("revoke", "send", "take_back"),
        *("add", "end", "give-up", "issue", "reverse", "correct"),
        "price-change",
    }


@pytest.mark.parametrize("address", ["/admin/users/new/", "/admin/users/edit/{other}/"])
def test_no_role_is_given_from_a_desk_left_alone(client: Any, address: str) -> None:
    old_desk(client, roles.OPERATOR)
    other = UserFactory()
    where = address.format(other=other.pk)
    assert asks(client.get(where))
    assert asks(client.post(where, {"email": "new@example.com"}))
    assert not User.objects.filter(email="new@example.com").exists()


def test_what_was_posted_is_done_after_the_proof(client: Any) -> None:
    old_desk(client, roles.OPERATOR)
    form = {
        "email": "new@example.com",
        "name": "新来的",
        "language": "en",
        "time_zone": "Asia/Shanghai",
    }
    asked = client.post("/admin/users/new/", form)
    done = client.post(asked.url, {"password": PASSWORD, "next": "/admin/users/new/"})
    assert done.url == "/admin/users/"
    assert User.objects.filter(email="new@example.com").exists()


def test_the_app_proves_it_too(client: Any) -> None:
    person = old_desk(client, roles.OPERATOR)
    person.set_unusable_password()
    person.save()
    client.force_login(person)
    record_of_the_app(client, person)
    asked = client.get("/admin/users/new/")
    assert asked.url.startswith("/account/2fa/reauthenticate/")
    client.post(asked.url, {"code": app_code(1), "next": "/admin/users/new/"})
    assert client.get("/admin/users/new/").status_code == 200


def record_of_the_app(client: Any, person: User) -> None:
    """As a session has it whose person showed the app long ago."""
    session = client.session
    shown = {"method": "mfa", "id": person.authenticator_set.get().pk, "type": "totp", "at": 1}
    session["account_authentication_methods"] = [shown]
    session["account_authentication_methods_user"] = str(person.pk)
    session.save()


def test_a_learners_old_session_is_asked_before_all_that_is_not_listed(client: Any) -> None:
    learner = UserFactory(password=PASSWORD)
    give_app(learner)
    RecoveryCodes.activate(learner)
    log_in(client, learner.email)
    second_step(client)
    signed_in = {r for r, _ in routes(get_resolver()) if class_of(r) is UrlClass.SIGNED_IN}
    assert set(FREE) <= signed_in
    not_asked = []
    for route in sorted(signed_in - set(FREE)):
        grow_old(client)
        answer = client.post(filled(route), FORMS.get(route))
        if not asks(answer):
            not_asked.append((route, answer.status_code))
    assert not_asked == []
    grow_old(client)
    for page in ("/account/2fa/recovery-codes/", "/account/2fa/recovery-codes/download/"):
        assert asks(client.get(page)), page


def test_going_on_from_a_pause_asks_first(client: Any) -> None:
    from tests.payments.factories import SubscriptionFactory

    learner = UserFactory(password=PASSWORD)
    row = SubscriptionFactory(learner=learner)
    log_in(client, learner.email)
    grow_old(client)
    assert asks(client.post(f"/account/subscriptions/{row.pk}/pause/end/"))
    assert not asks(client.get(f"/account/subscriptions/{row.pk}/card/"))  # one tap from a mail


def test_changing_the_plan_asks_first(client: Any) -> None:
    from tests.payments.factories import SubscriptionFactory, membership_prices

    learner, prices = UserFactory(password=PASSWORD), membership_prices()
    fetched = {"object": "subscription"}
    row = SubscriptionFactory(learner=learner, offer=prices["month"].offer, object=fetched)
    log_in(client, learner.email)
    address = f"/account/subscriptions/{row.pk}/switch/{prices['year'].offer.key}/"
    grow_old(client)
    assert asks(client.post(address, {"shown": "x"}))
