"""Who asks: everyone who must not see what is paid for, and, to prove the crawl, those who may."""

from dataclasses import dataclass, field
from typing import Any

from allauth.account.internal.flows.login import record_authentication
from django.conf import settings
from django.contrib.sessions.backends.cached_db import SessionStore
from django.http import HttpRequest
from django.test import Client

from accounts.models import User
from operations.url_classes import UrlClass
from tests.courses.conftest import enter
from tests.leaks.canaries import Kind
from tests.leaks.world import World


@dataclass(frozen=True)
class Persona:
    """`name` is that of the world's people; `hears` what this one may see anywhere; `walks`:
    whether the whole site is asked, or only where something is paid for. Those who differ by a
    grant alone are the same everywhere else."""

    name: str
    hears: frozenset[Kind] = frozenset()
    is_staff: bool = False
    walks: bool = False


STRANGERS = [
    Persona("anonymous", walks=True),
    Persona("refunded", walks=True),
    Persona("free"),
    Persona("lapsed"),
    Persona("former"),
    Persona("planned"),
    Persona("other_buyer"),
    Persona("other_member"),
    Persona("moderator", frozenset({Kind.TALK}), is_staff=True, walks=True),
    Persona("finance", frozenset({Kind.PERSON, Kind.NAME}), is_staff=True, walks=True),
    # Who writes articles, and has no right to anything else
    Persona("narrow", frozenset({Kind.TITLE, Kind.LABEL}), is_staff=True, walks=True),
]
STRANGER = {persona.name: persona for persona in STRANGERS}
BUYER = Persona(
    "buyer",
    frozenset({Kind.PAID, Kind.PERSON, Kind.OWN, Kind.TALK}),
    walks=True,
)
EDITOR = Persona(
    "editor",
    frozenset(Kind) - {Kind.PERSON, Kind.OWN},
    is_staff=True,
    walks=True,
)


class Browser(Client):
    """Django's, without what it notes of each template: that takes longer than most answers."""

    def request(self, **request: Any) -> Any:
        answer: Any = self.handler(self._base_environ(**request))
        answer.request = request
        self.cookies.update(answer.cookies)
        return answer


def _note_password(client: Client, person: User) -> None:
    """As if it was asked for just now: what is behind it is tried, too."""
    request = HttpRequest()
    request.session = client.session
    record_authentication(request, person, method="password", reauthenticated=True)
    request.session.save()


@dataclass
class Visit:
    """A persona at a browser. Whatever signs them out, `ensure` brings them back."""

    persona: Persona
    client: Browser = field(default_factory=Browser)
    kept: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, persona: Persona, world: World) -> "Visit":
        visit = cls(persona)
        if persona.name != "anonymous":
            person = world.people[persona.name]
            if persona.is_staff:
                enter(visit.client, person)
            else:
                visit.client.force_login(person)
                _note_password(visit.client, person)
            visit.kept = dict(visit.client.session.items())
        return visit

    def ensure(self) -> None:
        self.client.cookies.pop("messages", None)  # those of the last answer were heard there
        if self.kept and "_auth_user_id" not in self.client.session:
            session = SessionStore()
            session.update(self.kept)
            session.save()
            self.client.cookies[settings.SESSION_COOKIE_NAME] = str(session.session_key)


def may_hear(persona: Persona, kind: Kind, url_class: UrlClass | None) -> bool:
    """What is only there to be tried shows who paid to whoever tries it."""
    return kind in persona.hears or (url_class is UrlClass.DEBUG and kind is Kind.PERSON)
