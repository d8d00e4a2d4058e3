"""The crawl: a persona asks for every address in many manners, and no answer bears a canary that
is not for them."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest
from django.test import Client

from operations.url_classes import UrlClass, class_of
from tests.leaks import addresses
from tests.leaks.canaries import KINDS, STEM, Kind, digests_in, hear
from tests.leaks.personas import BUYER, EDITOR, STRANGERS, Persona, Visit, may_hear
from tests.leaks.world import World, rolled_back

type Ask = Callable[[Client, str], Any]
type Look = Callable[[str, str, Any, set[str]], None]  # route, address, answer, what was heard
EVERY_FIELD = {"fields": "*", "format": "json", "page": "1", "preview": "1", "token": "x"}
EXPORTED = {"export": "csv", "format": "xlsx", "p": "1", "mode": "buyer"}

# The same question put in every manner a browser, a script or a proxy may put it.
MANNERS: dict[str, Ask] = {
    "GET": lambda client, address: client.get(address),
    "HEAD": lambda client, address: client.head(address),
    "POST": lambda client, address: client.post(address),
    "OPTIONS": lambda client, address: client.options(address),
    "Range": lambda client, address: client.get(address, headers={"range": "bytes=0-299"}),
    "Range of the end": lambda client, address: client.get(
        address, headers={"range": "bytes=-300", "if-range": '"x"'}
    ),
    "htmx": lambda client, address: client.get(
        address, headers={"hx-request": "true", "hx-boosted": "true", "hx-target": "main"}
    ),
    "conditional": lambda client, address: client.get(
        address,
        headers={"if-none-match": "*", "if-modified-since": "Mon, 23 Nov 2026 00:00:00 GMT"},
    ),
    "JSON": lambda client, address: client.get(address, headers={"accept": "application/json"}),
    "AVIF": lambda client, address: client.get(
        address, headers={"accept": "image/avif,*/*", "accept-encoding": "gzip"}
    ),
    "every field": lambda client, address: client.get(address, EVERY_FIELD),
    "export": lambda client, address: client.get(address, EXPORTED),
    "search": lambda client, address: client.get(address, {"q": STEM, "search": STEM, "page": "1"}),
    "no slash": lambda client, address: client.get(address.rstrip("/")),
    "upper case": lambda client, address: client.get(address.upper()),
}
KEPT, DIGEST = "may be kept", "digest"
REFUSED = {302, 403, 404}
BROKEN = {"readyz"}  # there is no worker here
ALWAYS = ["GET", "HEAD", "POST", "Range"]
RARELY = [each for each in MANNERS if each not in ALWAYS]
OF_STAFF = ["POST", "htmx", "every field", "search", "export"]


@dataclass(frozen=True)
class Leak:
    """Who heard which canary where."""

    canary: str
    persona: str
    manner: str
    address: str
    place: str

    def is_for(self, persona: Persona, route: str) -> bool:
        """Whether this one may hear it there. What is kept for later is for nobody, nor is a digest
        of a file: with it one may ask whether one has the right one."""
        if self.place in (KEPT, DIGEST):
            return False
        return may_hear(persona, KINDS[self.canary], class_of(route))

    def __str__(self) -> str:
        return f"{self.canary}: {self.persona} {self.manner} {self.address} ({self.place})"


def questions(
    world: World, persona: Persona, only: str = ""
) -> Iterator[tuple[str, str, list[str]]]:
    """What this persona asks: routes, addresses and manners.

    Where something is paid for, everybody asks for it; elsewhere those who walk. Of the manners
    some are everybody's, and the rest go round: each is somebody's at every address.
    """
    paid_for = addresses.paid_for(world)
    turn = [each.name for each in (*STRANGERS, BUYER, EDITOR)].index(persona.name)
    doors: set[str] = set()
    for number, (route, address) in enumerate(addresses.all_of(world, only=only)):
        of_staff = class_of(route) is UrlClass.STAFF
        if address in paid_for:
            yield route, address, [*ALWAYS, *_turn(RARELY, number + turn)]
        elif of_staff and persona.is_staff:
            yield route, address, ["GET", *_turn(OF_STAFF, number + turn)]
        elif of_staff and persona.name == "anonymous" and route not in doors:
            doors.add(route)  # one and the same stands before all of them
            yield route, address, ["GET"]
        elif persona.walks and not of_staff and not persona.is_staff:
            yield route, address, ["GET", *_turn([*MANNERS][1:], number + turn)]


def _turn(manners: list[str], number: int) -> list[str]:
    return [manners[number % len(manners)]]


def crawl(
    world: World,
    persona: Persona,
    *,
    only: str = "",
    manners: Iterable[str] = (),
    look: Look | None = None,
) -> list[Leak]:
    """What this persona hears that is not for them, on all routes or `only` those that match, in
    the usual manners or in these.. `look` is shown every answer.
    """
    visit = Visit.of(persona, world)
    leaks: list[Leak] = []
    for route, address, usual in questions(world, persona, only):
        left = [*(manners or usual)]
        while left:
            manner = left.pop(0)
            with rolled_back():
                visit.ensure()
                answer = MANNERS[manner](visit.client, address)
                assert answer.status_code < 500 or route in BROKEN, f"{manner} {address}"
                heard = set(heard_in(answer, world))
            if look:
                look(route, address, answer, {canary for canary, _place in heard})
            found = (
                Leak(canary, persona.name, manner, address, place)
                for canary, place in heard | _kept(answer, heard)
            )
            leaks += [each for each in found if not each.is_for(persona, route)]
            if answer.status_code in REFUSED and class_of(route) is UrlClass.STAFF:
                # The door is shut to looking; it may still stand open to doing.
                left = ["POST"] if manner == "GET" and not manners else []
    return leaks


def _kept(answer: Any, heard: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """What a browser would still show after signing out, or a proxy to somebody else."""
    orders = {each.strip() for each in answer.headers.get("Cache-Control", "").split(",")}
    if {"private", "no-store"} <= orders:
        return set()
    return {(canary, KEPT) for canary, _place in heard if KINDS[canary] is not Kind.LABEL}


def heard_in(answer: Any, world: World) -> Iterator[tuple[str, str]]:
    """The canaries in an answer, each with the place in it."""
    asked = said_back(answer)
    for canary in hear(answer.reason_phrase, asked=asked):
        yield canary, "status"
    for name, value in answer.headers.items():
        for canary in hear(value, asked=asked):
            yield canary, name
        for canary in digests_in(value, world.files):
            yield canary, DIGEST
    for canary in hear(messages_in(answer), asked=asked):
        yield canary, "message"
    for canary in hear(body_of(answer), asked=asked):
        yield canary, "body"


def said_back(answer: Any) -> str:
    """The address as it was asked for, which an answer may say back."""
    return str(answer.request["PATH_INFO"]).encode("latin-1").decode("utf-8", "replace")


def messages_in(answer: Any) -> str:
    """What the next page would tell, which goes by a cookie until then."""
    told = answer.cookies.get("messages")
    found = CookieStorage(HttpRequest())._decode(told.value) if told and told.value else None
    return " ".join(str(message) for message in found or [])


def body_of(answer: Any) -> bytes:
    if answer.streaming:
        return b"".join(answer.streaming_content)
    return bytes(answer.content)
