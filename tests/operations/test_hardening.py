"""Walls around every kind of answer: headers, cookies, host names, redirects, foreign content."""

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.conf import settings as site
from django.core import signing
from django.test import Client
from django.utils import timezone
from wagtail.admin.rich_text.converters.contentstate import ContentstateConverter
from wagtail.embeds.embeds import get_embed
from wagtail.embeds.exceptions import EmbedUnsupportedProviderException
from wagtail.embeds.finders import get_finders

from accounts import roles
from community.models import Comment
from pages.blocks import RICH_TEXT_FEATURES
from tests.accounts.browser import log_in
from tests.accounts.factories import PASSWORD, UserFactory
from tests.factories import course
from tests.operations.processes import PRODUCTION, environment, manage
from tests.payments.staff import at_desk

# --- headers -------------------------------------------------------------------------------------

STRICT = {
    "default-src 'self'",
    "object-src 'none'",
    "base-uri 'none'",
    "frame-ancestors 'self'",
    "style-src 'self'",
}
EVERY_ANSWER = [
    ("/", 200),
    ("/courses/", 200),
    ("/search/?q=x", 200),
    ("/search/suggest/?q=x", 200),
    ("/account/login/", 200),
    ("/account/", 302),
    ("/study/token/1/", 401),
    ("/admin/", 302),
    ("/robots.txt", 200),
    ("/sitemap.xml", 200),
    ("/manifest.webmanifest", 200),
    ("/payments/webhook/", 405),
    ("/media/1/audio-1/", 404),
    ("/files/nothing.txt", 404),
    ("/no-such-page/", 404),
    ("/preview/x/", 404),
]


def assert_walled(answer: Any) -> None:
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Referrer-Policy"] in ("same-origin", "no-referrer")
    assert answer["Cross-Origin-Opener-Policy"] == "same-origin"
    assert answer["Strict-Transport-Security"].startswith("max-age=31536000; includeSubDomains")
    assert "camera=()" in answer["Permissions-Policy"]
    assert answer["X-Frame-Options"] == "SAMEORIGIN"
    policy = answer["Content-Security-Policy"]
    assert {"object-src 'none'", "base-uri 'none'", "frame-ancestors 'self'"} <= parts(policy)
    assert "*" not in policy
    assert "unsafe-eval" not in policy
    assert "Access-Control-Allow-Origin" not in answer


def parts(policy: str) -> set[str]:
    return {part.strip() for part in policy.split(";")}


@pytest.fixture
def secure(settings: Any) -> None:
    settings.SECURE_HSTS_SECONDS = 31_536_000
    settings.SECURE_HSTS_INCLUDE_SUBDOMAINS = True


@pytest.mark.django_db
@pytest.mark.parametrize(("address", "status"), EVERY_ANSWER)
def test_every_kind_of_answer_has_every_wall(secure: None, address: str, status: int) -> None:
    answer = Client().get(address, secure=True)
    assert answer.status_code == status
    assert_walled(answer)
    assert parts(answer["Content-Security-Policy"]) >= STRICT
    assert "unsafe-inline" not in answer["Content-Security-Policy"]


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/admin/", "/admin/users/", "/admin/money/orders/"])
def test_the_administration_has_them_too_with_a_policy_of_its_own(
    secure: None, address: str
) -> None:
    answer = at_desk(roles.OPERATOR).get(address, secure=True)
    assert answer.status_code == 200
    assert_walled(answer)
    assert "script-src 'self' 'unsafe-inline'" in parts(answer["Content-Security-Policy"])


@pytest.mark.django_db
def test_the_nonce_is_new_on_every_page(client: Client) -> None:
    policies = {client.get("/")["Content-Security-Policy"] for _ in range(2)}
    assert len(policies) == 2
    assert all("'nonce-" in policy for policy in policies)


def test_probes_are_not_sniffed_either(client: Client) -> None:
    assert client.get("/healthz")["X-Content-Type-Options"] == "nosniff"


@pytest.mark.django_db
def test_texts_say_their_character_set(client: Client) -> None:
    for address in ("/", "/robots.txt", "/no-such-page/"):
        assert "charset=utf-8" in client.get(address)["Content-Type"], address


# --- cookies -------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_no_cookie_is_for_scripts_nor_for_other_sites(client: Client) -> None:
    user = UserFactory(password=PASSWORD)
    client.get("/account/login/")
    log_in(client, user.email)
    client.post("/account/language/", {"language": "en"})
    assert {"sessionid", "csrftoken", "django_language"} <= set(client.cookies)
    for name, cookie in client.cookies.items():
        if cookie.value:
            assert cookie["httponly"], name
            assert cookie["samesite"] == "Lax", name
            assert not cookie["domain"], name
            assert cookie["path"] == "/", name


SHOWN = """
from django.conf import settings as s
print(s.SESSION_COOKIE_NAME, s.CSRF_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.CSRF_COOKIE_SECURE,
      s.LANGUAGE_COOKIE_SECURE, s.SECURE_HSTS_SECONDS, s.SECURE_SSL_REDIRECT, s.DEBUG,
      s.SECRET_KEY_FALLBACKS)
"""


def test_over_https_cookies_belong_to_this_host_alone(tmp_path: Path) -> None:
    env = environment(DATA=str(tmp_path), **PRODUCTION, SECRET_KEY_FALLBACKS="former, older")
    shown = manage("shell", "-c", SHOWN, env=env)
    assert shown.stdout.strip().splitlines()[-1] == (
        "__Host-sessionid __Host-csrftoken True True True 31536000 True False ['former', 'older']"
    ), shown.stderr


@pytest.mark.django_db
def test_a_former_key_still_opens_what_it_signed(client: Client, settings: Any) -> None:
    from allauth.mfa.adapter import get_adapter

    settings.SECRET_KEY = "former"
    link, sealed = signing.dumps("x"), get_adapter().encrypt("seed")
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "present", ["former"]
    assert signing.loads(link) == "x"
    assert get_adapter().decrypt(sealed) == "seed"
    settings.SECRET_KEY_FALLBACKS = []
    with pytest.raises(signing.BadSignature):
        signing.loads(link)


# --- host names and methods ----------------------------------------------------------------------


@pytest.mark.django_db
@pytest.mark.parametrize("host", ["evil.example", "localhost.evil.example", "localhost@evil.com"])
def test_another_host_name_is_no_site_of_ours(host: str) -> None:
    answer = Client(raise_request_exception=False).get("/", headers={"host": host})
    assert answer.status_code == 400
    assert host not in answer.text


@pytest.mark.django_db
def test_a_forged_host_is_in_no_mail(client: Client) -> None:
    from accounts.models import OutboxMessage

    user = UserFactory(password=PASSWORD)
    forged = {"x-forwarded-host": "evil.example"}
    client.post("/account/password/reset/", {"email": user.email}, headers=forged)
    assert "evil.example" not in OutboxMessage.objects.latest("pk").text


@pytest.mark.django_db
@pytest.mark.parametrize("address", ["/", "/courses/", "/account/", "/search/"])
def test_nothing_answers_to_trace(client: Client, address: str) -> None:
    answer = client.generic("TRACE", address, headers={"x-secret": "echo-me"})
    assert b"echo-me" not in answer.content


# --- redirects -----------------------------------------------------------------------------------

ELSEWHERE = [
    "https://evil.example/",
    "//evil.example/",
    "///evil.example/",
    "/\\evil.example/",
    "\\\\evil.example/",
    "https:evil.example",
    "http:///evil.example",
    "javascript:alert(1)",
    "data:text/html,x",
    " https://evil.example",
    "\thttps://evil.example",
    "https://testserver@evil.example/",
    "https://evil.example\\@testserver/",
    "https://testserver.evil.example/",
    "//testserver:80@evil.example/",
    "/%0d%0aLocation: https://evil.example",
]


def leads_away(answer: Any) -> bool:
    where = answer.get("Location", "")
    ours = where.startswith(("/", "http://testserver/", "?")) and not where.startswith(
        ("//", "/\\", "/\t")
    )
    return bool(where) and not ours


@pytest.mark.django_db
@pytest.mark.parametrize("wanted", ELSEWHERE)
def test_no_form_leads_to_another_site(wanted: str) -> None:
    from tests.accounts.doors import prove_now

    user = UserFactory(password=PASSWORD)
    page = course(lessons=1)
    lesson = page.get_children().get()
    said = Comment.objects.create(
        author=UserFactory(),
        key=uuid4(),
        lesson_id=lesson.pk,
        course=page,
        kind="comment",
        text="说得好",
        created_at=timezone.now(),
    )
    visitor, learner = Client(), Client()
    learner.force_login(user)
    prove_now(learner, user)
    query = {"next": wanted}
    answers = [
        visitor.get("/admin/login/", query),
        visitor.get("/_util/login/", query),
        visitor.post("/account/language/", {"language": "en", **query}),
        visitor.post("/account/login/", {"login": user.email, "password": PASSWORD, **query}),
        learner.get("/account/login/", query),
        learner.get("/account/signup/", query),
        learner.get("/admin/login/", query),
        learner.post("/account/language/", {"language": "en", **query}),
        learner.post("/account/reauthenticate/", {"password": PASSWORD, **query}),
        learner.post("/account/reauthenticate/code/", {"action": "send", **query}),
        learner.post(f"/study/done/{lesson.pk}/", {"done": "1", **query}),
        learner.post(f"/community/comments/{said.pk}/like/", {"liked": "1", **query}),
        learner.post(f"/community/comments/{said.pk}/report/", {"reason": "other", **query}),
        learner.post("/following/publisher/", {"wanted": "1", **query}),
        learner.post("/account/logout/", query),
    ]
    assert {answer.status_code for answer in answers} <= {200, 302}
    assert [answer["Location"] for answer in answers if leads_away(answer)] == []


def test_the_judge_of_redirects_knows_one() -> None:
    from django.http import HttpResponseRedirect

    assert leads_away(HttpResponseRedirect("https://evil.example/"))
    assert leads_away(HttpResponseRedirect("//evil.example/"))
    assert not leads_away(HttpResponseRedirect("/study/"))


def test_every_view_that_reads_where_to_go_on_is_walked_above() -> None:
    """`next` is read in these places and no others."""
    root = Path(__file__).resolve().parents[2]
    readers = set()
    for top in ("platform", "courses", "payments"):
        for path in (root / top).rglob("*.py"):
            text = path.read_text()
            if '.get("next"' in text or '["next"]' in text:
                readers.add(str(path.relative_to(root)))
    assert readers == {
        "platform/accounts/views.py",
        "platform/community/comment_views.py",  # hands it on in a field, to be judged there
        "platform/learning/views.py",
    }


# --- foreign content -----------------------------------------------------------------------------


@pytest.mark.django_db
def test_nothing_of_other_sites_is_embedded_or_asked_for() -> None:
    assert get_finders() == []
    with pytest.raises(EmbedUnsupportedProviderException):
        get_embed("https://www.youtube.com/watch?v=x")


def written(url: str) -> str:
    """What is kept of an editor's text with a link to `url`."""
    block = {
        "key": "a",
        "text": "看这里<script>alert(1)</script>",
        "type": "unstyled",
        "depth": 0,
        "inlineStyleRanges": [],
        "entityRanges": [{"offset": 0, "length": 3, "key": 0}],
    }
    entity = {"type": "LINK", "mutability": "MUTABLE", "data": {"url": url}}
    state = {"blocks": [block], "entityMap": {"0": entity}}
    html: str = ContentstateConverter(RICH_TEXT_FEATURES).to_database_format(json.dumps(state))
    return html


@pytest.mark.django_db
@pytest.mark.parametrize(
    "url",
    ["javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "data:text/html,x"],
)
def test_an_editors_text_runs_nothing(url: str) -> None:
    html = written(url)
    assert "<script" not in html
    assert "href=" not in html
    assert "看这里" in html


@pytest.mark.django_db
def test_an_editors_link_is_kept() -> None:
    assert 'href="https://example.com/"' in written("https://example.com/")


@pytest.mark.django_db
def test_what_is_pasted_as_html_keeps_what_the_editor_offers_and_nothing_else() -> None:
    state = ContentstateConverter(RICH_TEXT_FEATURES).from_database_format(
        '<p onclick="x()">一句<img src="https://evil.example/x.png" onerror="x()"/>'
        '<iframe src="https://evil.example"></iframe><svg onload="x()"></svg></p>'
    )
    assert "evil.example" not in state
    assert "onclick" not in state
    assert "onerror" not in state


def test_production_shows_no_debugging() -> None:
    assert not site.DEBUG
