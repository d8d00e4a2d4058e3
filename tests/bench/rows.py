"""What is measured: each row's requests, what it is compared with, and what it should reach."""

import json
import time
from urllib.parse import quote
from uuid import uuid4

from django.conf import settings
from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions.backends.cached_db import SessionStore
from django.utils import timezone

from accounts.models import User
from learning import tokens
from payments.sandbox import outbox
from payments.sandbox.endpoints import SIGNING_SECRET
from tests.bench import floor
from tests.bench.content import HEARD, Content
from tests.bench.load import Request, Row

SIGNED_IN = 50  # learners who come in turn
BEATING = 200
EVENTS = 5000  # a round: each comes once
WORDS = 20  # looked for in turn: how lessons' titles begin
GZIP = ("Accept-Encoding", "gzip, deflate, br")
JSON = ("Content-Type", "application/json")
PAGE, BEAT = "floor_page", "floor_beat"


class Rows:
    """The rows for a site that has this content."""

    def __init__(self, content: Content) -> None:
        self.content = content
        self.cookies = [_signed_in(each) for each in content.learners[:SIGNED_IN]]
        self.sessions = [str(uuid4()) for _ in range(BEATING)]

    def all(self) -> list[Row]:
        course = f"/courses/{self.content.course.slug}/"
        article = self.content.article.get_absolute_url()
        return [
            Row(PAGE, PAGE, lambda: self._signed_in("/floor/page/")),
            Row(BEAT, BEAT, self._floor_beats),
            Row("catalogue_warm", PAGE, lambda: _visitor("/courses/"), least=1.5),
            # No answer to a query is shared: each is made anew.
            Row("catalogue_cold", PAGE, lambda: _visitor("/courses/?once=NUMBER")),
            Row("course", PAGE, lambda: self._signed_in(course)),
            Row("lesson_free", PAGE, lambda: _visitor(self._address(0)), least=1.5),
            Row("lesson_paid", PAGE, self._paid_lessons, least=0.5),
            Row("lesson_paid_beats", PAGE, self._paid_lessons),
            Row("article", PAGE, lambda: _visitor(article)),
            Row("search", PAGE, lambda: _visitor(*self._searches()), least=0.3),
            Row("study", PAGE, lambda: self._signed_in("/study/")),
            Row("heartbeat", BEAT, self.beats, least=0.75),
            Row("webhook", BEAT, events),
            Row("media", PAGE, self._media),
        ]

    def beats(self) -> list[Request]:
        lesson, found = self.content.paid[0], []
        for learner, session in zip(self.content.learners[:BEATING], self.sessions, strict=False):
            token = tokens.issue(learner=learner, lesson=lesson, now=timezone.now()).token
            found.append(_beat("/study/beat/", token, session))
        return found

    def _floor_beats(self) -> list[Request]:
        lesson = self.content.paid[0].pk
        signed = (
            floor.signer.sign_object([learner.pk, lesson])
            for learner in self.content.learners[:BEATING]
        )
        return [
            _beat("/floor/beat/", token, session)
            for token, session in zip(signed, self.sessions, strict=False)
        ]

    def _address(self, number: int) -> str:
        lesson = [self.content.free, *self.content.paid][number]
        return f"/courses/{self.content.course.slug}/{lesson.slug}/"

    def _paid_lessons(self) -> list[Request]:
        some = min(len(self.content.paid), HEARD)
        addresses = [self._address(1 + each % some) for each in range(SIGNED_IN)]
        return [
            Request(address, headers=(GZIP, ("Cookie", cookie)))
            for address, cookie in zip(addresses, self.cookies, strict=False)
        ]

    def _searches(self) -> list[str]:
        return [f"/search/?q={quote(each.title[:4])}" for each in self.content.paid[:WORDS]]

    def _signed_in(self, address: str) -> list[Request]:
        return [Request(address, headers=(GZIP, ("Cookie", each))) for each in self.cookies]

    def _media(self) -> list[Request]:
        """The first kilobyte of a recording, as a player asks for it."""
        lesson = self.content.paid[0]
        path = f"/media/{lesson.pk}/audio-{lesson.audio_id}/"
        few = ("Range", "bytes=0-1023")
        return [Request(path, headers=(few, ("Cookie", each))) for each in self.cookies]


def _visitor(*addresses: str) -> list[Request]:
    return [Request(each, headers=(GZIP,)) for each in addresses]


def _beat(path: str, token: str, session: str) -> Request:
    told = {
        "token": token,
        "session": session,
        "seq": 0,
        "position": 300.5,
        "ranges": [[0, 120.5], [150, 300.5]],
        "wall": 271,
        "read_to": 0,
    }
    body = json.dumps(told).replace('"seq": 0', '"seq": NUMBER')
    return Request(path, method="POST", headers=(JSON,), body=body)


def events(number: int = EVENTS) -> list[Request]:
    """Signed events, none of which came before; of a kind that nothing follows from."""
    now, found = int(time.time()), []
    customer = {"id": "cus_bench", "object": "customer", "metadata": {"words": "…" * 600}}
    for _ in range(number):
        event = {
            "id": f"evt_{uuid4().hex}",
            "object": "event",
            "type": "customer.updated",
            "created": now,
            "livemode": False,
            "data": {"object": customer},
        }
        body = json.dumps(event)
        signature = ("Stripe-Signature", outbox.sign(body.encode(), SIGNING_SECRET, now))
        found.append(Request("/payments/webhook/", "POST", (JSON, signature), body))
    return found


def _signed_in(learner: User) -> str:
    """The cookie of someone who signed in."""
    session = SessionStore()
    session[SESSION_KEY] = str(learner.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[0]
    session[HASH_SESSION_KEY] = learner.get_session_auth_hash()
    session.save()
    return f"{settings.SESSION_COOKIE_NAME}={session.session_key}"
