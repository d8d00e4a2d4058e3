"""Reading from copies of the database, which may be some seconds late.

Only public pages and 学习 are read from a copy, and of them only what is shown. What decides (who
somebody is, what is open to them, what they paid) is asked of the database itself, and so is all
that is not a page. Whoever changed something sees it: until the copies have it, too, they read
where they wrote.
"""

import logging
import random
import time
from collections.abc import Callable
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, OperationalError, connections
from django.db.models import Model
from django.http import HttpRequest, HttpResponse

from operations.url_classes import UrlClass, class_of

COOKIE = "wrote"
SAFE = ("GET", "HEAD")
# Where public addresses are not for looking only, or what is shown decides something.
NEVER = (
    *("account/", "admin/", "payments/", "membership/", "bundles/", "redeem/"),
    *("files/", "_util/"),
)
ALSO = ("study/",)
# What may be late, by app; what of it may not.
LATE_APPS = {
    *("pages", "courses", "learning", "taggit", "contenttypes"),
    *("wagtailcore", "wagtailimages", "wagtailredirects", "wagtailsearch", "modelsearch"),
}
NEVER_LATE = {"courses.grant", "courses.grantchange", "wagtailcore.pageviewrestriction"}
LEFT_ALONE_SECONDS = 10

logger = logging.getLogger("operations")


@dataclass
class Reading:
    """Where this request reads, and whether it wrote."""

    alias: str = DEFAULT_DB_ALIAS
    wrote: bool = False


_reading: ContextVar[Reading | None] = ContextVar("reading", default=None)
_down_until: dict[str, float] = {}


class ReplicaRouter:
    """Never without an opinion: Django would then go back to where an object was read from."""

    def db_for_read(self, model: type[Model], **hints: Any) -> str:
        reading = _reading.get()
        if reading is None or reading.wrote or not may_be_late(model):
            return DEFAULT_DB_ALIAS
        # What is read in a transaction is about to be acted on.
        if connections[DEFAULT_DB_ALIAS].in_atomic_block:
            return DEFAULT_DB_ALIAS
        return reading.alias

    def db_for_write(self, model: type[Model], **hints: Any) -> str:
        if reading := _reading.get():
            reading.wrote = True
        return DEFAULT_DB_ALIAS

    def allow_relation(self, one: Model, other: Model, **hints: Any) -> bool | None:
        same = {DEFAULT_DB_ALIAS, *settings.REPLICAS}
        return True if {one._state.db, other._state.db} <= same else None

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        return False if db in settings.REPLICAS else None


class ReplicaMiddleware:
    """Lets a page be read from a copy; remembers for a while that somebody wrote."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        reading = Reading(wrote=request.method not in SAFE)
        token = _reading.set(reading)
        try:
            response = self.get_response(request)
        finally:
            _reading.reset(token)
        if reading.wrote:
            response.set_cookie(
                COOKIE,
                "1",
                max_age=settings.REPLICA_LAG_SECONDS,
                secure=settings.SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response

    def process_view(self, request: HttpRequest, *told: Any) -> None:
        reading = _reading.get()
        if reading and is_for_looking(request) and COOKIE not in request.COOKIES:
            reading.alias = one_that_answers()


def is_for_looking(request: HttpRequest) -> bool:
    route = request.resolver_match.route if request.resolver_match else ""
    if request.method not in SAFE or route.startswith(NEVER):
        return False
    return route in ALSO or class_of(route) is UrlClass.PUBLIC


def may_be_late(model: type[Model]) -> bool:
    return model._meta.app_label in LATE_APPS and model._meta.label_lower not in NEVER_LATE


def one_that_answers() -> str:
    """Any copy; the database itself where none answers. A silent one is left alone for a while."""
    for alias in random.sample(settings.REPLICAS, len(settings.REPLICAS)):
        if time.monotonic() < _down_until.get(alias, 0):
            continue
        try:
            with connections[alias].cursor():
                return str(alias)
        except OperationalError:
            logger.warning("%s does not answer", alias)
            connections[alias].close()
            _down_until[alias] = time.monotonic() + LEFT_ALONE_SECONDS
    return DEFAULT_DB_ALIAS
