"""People who study, sign in, buy and are told of it, all at once; and what they were told."""

import http.client
import json
import random
import threading
import time
import uuid
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from http.cookies import SimpleCookie
from typing import Any
from urllib.parse import urlencode, urlsplit

from django.db import DatabaseError, connections

from accounts.models import User
from courses.models import CoursePage, LessonPage
from learning import ranges, tokens
from learning.ranges import Ranges
from operations import clock
from payments.models import Price
from payments.sandbox import outbox
from tests.accounts.factories import PASSWORD
from tests.payments.conftest import GOOD
from tests.torture.facts import Acknowledged

CSRF = "c" * 32
TRIES = 8
PAUSE = 0.05  # between two things that one person does
CARD = {"number": GOOD, "expiry": "12 / 34", "cvc": "123", "name": "TEST"}


@dataclass(frozen=True)
class Answer:
    """Status 0: none came."""

    status: int
    location: str = ""


@dataclass
class Browser:
    """Says what came back, or that nothing did; never raises."""

    port: int
    told: Acknowledged
    cookies: dict[str, str] = field(default_factory=dict)

    def ask(self, method: str, path: str, body: bytes = b"", **headers: str) -> Answer:
        line = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        jar = {"csrftoken": CSRF, **self.cookies}
        headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in jar.items())
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        answer = Answer(0)
        with suppress(OSError, http.client.HTTPException):
            line.request(method, path, body or None, headers)
            got = line.getresponse()
            got.read()
            for _, set_cookie in filter(lambda each: each[0] == "Set-Cookie", got.getheaders()):
                kept = SimpleCookie(set_cookie)
                self.cookies.update({name: one.value for name, one in kept.items()})
            answer = Answer(got.status, got.getheader("Location", ""))
        line.close()
        with self.told.lock:
            kind = urlsplit(path).path.split("/")[1:3]
            self.told.answers[f"{method} /{'/'.join(kind)} {answer.status}"] += 1
        return answer

    def get(self, path: str) -> Answer:
        return self.ask("GET", path)

    def post(self, path: str, **data: str) -> Answer:
        form = {"csrfmiddlewaretoken": CSRF, **data}
        kind = "application/x-www-form-urlencoded"
        return self.ask("POST", path, urlencode(form).encode(), Content_Type=kind)


@dataclass
class Listener:
    """Plays pieces of a lesson, on a device that is now and then another one."""

    browser: Browser
    learner: User
    lesson: LessonPage
    dice: random.Random
    told: Acknowledged
    heard: Ranges = field(default_factory=list)
    session: str = ""
    seq: int = 0

    def __call__(self) -> None:
        if not self.session or self.dice.random() < 0.4:
            self.session, self.seq, self.heard = str(uuid.uuid4()), 0, []
        start = self.dice.randrange(0, 2900)
        self.heard = ranges.union(self.heard, [[start, start + self.dice.randrange(5, 60)]])
        self.seq += 1
        key = (self.learner.pk, self.lesson.pk)
        with self.told.lock:
            sent = self.told.sent.get(key, [])
            self.told.sent[key] = ranges.union(sent, self.heard)
        if self.browser.ask("POST", "/study/beat/", self._body()).status == 204:
            with self.told.lock:
                self.told.heard[(*key, self.session)] = (self.seq, self.heard)
        if self.dice.random() < 0.05:
            self._mark(key)

    def _mark(self, key: tuple[int, int]) -> None:
        if self.browser.post(f"/study/done/{self.lesson.pk}/", done="1").status == 302:
            with self.told.lock:
                self.told.done.add(key)

    def _body(self) -> bytes:
        token = tokens.issue(learner=self.learner, lesson=self.lesson, now=clock.now()).token
        message = {
            "token": token,
            "session": self.session,
            "seq": self.seq,
            "position": self.heard[-1][1],
            "ranges": self.heard,
            "wall": ranges.seconds(self.heard),
            "read_to": 0,
        }
        return json.dumps(message).encode()


@dataclass
class Writer:
    """Writes notes, changes and removes some; sends again what nobody said was kept."""

    browser: Browser
    learner: User
    lesson: LessonPage
    dice: random.Random
    told: Acknowledged
    kept: list[str] = field(default_factory=list)
    waiting: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self) -> None:
        act = self.dice.random()
        if self.waiting or not self.kept or act < 0.6:
            self._add(*(self.waiting.pop() if self.waiting else (str(uuid.uuid4()), self._words())))
        elif act < 0.9:
            words = self._words()
            self._do(self.dice.choice(self.kept), words, "", thought=words, colour="1")
        else:
            self._do(self.kept.pop(self.dice.randrange(len(self.kept))), None, "remove/")

    def _add(self, key: str, words: str) -> None:
        """The same key again makes no second one."""
        address = f"/study/notes/page/{self.lesson.pk}/add/"
        self._may_be(key, words)
        if self.browser.post(address, key=key, thought=words, colour="1").status == 302:
            self._is(key, words)
            self.kept.append(key)
        else:
            self.waiting.append((key, words))

    def _do(self, key: str, words: str | None, act: str, **data: str) -> None:
        self._may_be(key, words)
        if self.browser.post(f"/study/notes/{key}/{act}", **data).status == 302:
            self._is(key, words)

    def _may_be(self, key: str, words: str | None) -> None:
        with self.told.lock:
            before = self.told.noted.get((self.learner.pk, key), {None})
            self.told.noted[self.learner.pk, key] = before | {words}

    def _is(self, key: str, words: str | None) -> None:
        with self.told.lock:
            self.told.noted[self.learner.pk, key] = {words}

    def _words(self) -> str:
        return f"想法 {self.dice.random()}"


@dataclass
class SignIn:
    """Signs in anew, as somebody else each time."""

    port: int
    people: list[User]
    dice: random.Random
    told: Acknowledged

    def __call__(self) -> None:
        person = self.dice.choice(self.people)
        browser = Browser(self.port, self.told)
        answer = browser.post("/account/login/", login=person.email, password=PASSWORD)
        if answer.status == 302 and "sessionid" in browser.cookies:
            with self.told.lock:
                self.told.signed_in[person.pk] = browser.cookies["sessionid"]
        time.sleep(0.5)


@dataclass
class Buyer:
    """Buys one course after another, patiently; half of the time does not come back from Stripe's
    page, so that only the webhook or the sweep can tell of it."""

    browser: Browser
    learner: User
    left: list[tuple[CoursePage, Price]]
    dice: random.Random
    told: Acknowledged

    def __call__(self) -> None:
        if not self.left:
            time.sleep(0.2)
            return
        course, price = self.left.pop()
        page = self._until(lambda: self.browser.post("/payments/checkout/", price=str(price.key)))
        if page is None or "/sandbox/" not in page.location:
            return
        checkout = urlsplit(page.location).path
        paid = self._until(lambda: self.browser.post(checkout, **CARD))
        if paid is None or "/payments/return/" not in paid.location:
            return
        with self.told.lock:
            self.told.paid.add((self.learner.pk, course.pk))
        if self.dice.random() < 0.5:
            back = urlsplit(paid.location)
            self.browser.get(f"{back.path}?{back.query}")

    def _until(self, ask: Callable[[], Answer]) -> Answer | None:
        """The first redirect; None where the person gives up."""
        for attempt in range(TRIES):
            answer = ask()
            if answer.status in (302, 303):
                return answer
            time.sleep(0.1 * (attempt + 1))
        return None


@dataclass
class Courier:
    """Stripe, which tells what happened, now and then twice."""

    browser: Browser
    dice: random.Random
    told: Acknowledged

    def __call__(self) -> None:
        outbox.deliver_due(self.send, clock.now())
        time.sleep(0.2)

    def send(self, body: bytes, headers: dict[str, str]) -> int:
        signed = {name.replace("-", "_"): value for name, value in headers.items()}
        answer = Answer(0)
        for _ in range(2 if self.dice.random() < 0.3 else 1):
            answer = self.browser.ask("POST", "/payments/webhook/", body, **signed)
            if answer.status == 204:
                with self.told.lock:
                    self.told.events.add(event_of(body))
        return answer.status


def event_of(body: bytes) -> str:
    return str(json.loads(body)["id"])


class Crowd:
    """All of them, each in a thread, until told to stop."""

    def __init__(self, people: list[Callable[[], None]]) -> None:
        self._over = threading.Event()
        self._threads = [
            threading.Thread(target=self._live, args=[person], daemon=True) for person in people
        ]

    def __enter__(self) -> "Crowd":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *raised: Any) -> None:
        self._over.set()
        for thread in self._threads:
            thread.join()

    def _live(self, person: Callable[[], None]) -> None:
        while not self._over.wait(PAUSE):
            try:
                person()
            except DatabaseError:  # killed while Stripe's own part asked it
                connections.close_all()
        connections.close_all()
