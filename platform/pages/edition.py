"""What everyone is shown alike, made once and kept in the cache until something is published.

An edition is a word in the cache. Whatever is kept bears the edition it was made from, and is
shown in that one only: when an editor publishes, or a price changes, a new edition begins and
nothing older is shown any more. Besides, everything is made anew after a while, for what changes
by the clock.

Nothing of a person may be kept here: what differs between people has no place under a shared key.
"""

import functools
import hashlib
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version as get_version
from typing import Any
from uuid import uuid4

from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.core.cache import cache
from django.db import transaction
from django.db.models import Model
from django.db.models.signals import post_delete, post_save
from wagtail.models import Page
from wagtail.signals import page_published, page_slug_changed, page_unpublished, post_page_move

KEY = "edition"
CODE = [settings.PLATFORM, settings.ROOT / "courses", settings.ROOT / "payments"]
LIBRARIES = ["django", "wagtail"]
SHAPING = (".py", ".html", ".po")
STALE_SECONDS = 600  # so much longer it is shown, of the same edition, while one makes it anew
MAKING_SECONDS = 10  # after which a maker counts as dead
WAIT_SECONDS = 5
LOOK_EVERY = 0.02


@dataclass(frozen=True)
class Kept:
    edition: str
    fresh_until: float
    value: Any

    @property
    def is_fresh(self) -> bool:
        return self.fresh_until > time.time()


def current() -> str:
    return str(cache.get(KEY) or _first())


@functools.cache
def version() -> str:
    """Of the code and its files. What another version made may name files that are no more, or be
    made of what is no more: while a new version comes up, both stand beside each other."""
    made_of = hashlib.sha256(repr((sys.version, *map(get_version, LIBRARIES))).encode())
    made_of.update(getattr(staticfiles_storage, "manifest_hash", "").encode())
    for folder in CODE:
        for path in sorted(each for each in folder.rglob("*") if each.suffix in SHAPING):
            made_of.update(path.read_bytes())
    return made_of.hexdigest()


def renew(*_: Any, **__: Any) -> None:
    """What was kept is shown no more, once the change that is being made is committed."""
    transaction.on_commit(_begin)


def shown(*models: type[Model]) -> None:
    """Rows of these are shown to everyone: when one changes, a new edition begins."""
    for model in models:
        post_save.connect(renew, sender=model, dispatch_uid=f"edition-{model.__name__}-saved")
        post_delete.connect(renew, sender=model, dispatch_uid=f"edition-{model.__name__}-gone")


def shown_pages() -> None:
    for signal in (page_published, page_unpublished, page_slug_changed, post_page_move):
        signal.connect(renew, dispatch_uid="edition")
    post_delete.connect(_page_gone, dispatch_uid="edition-page-gone")


def is_kept() -> bool:
    """Whether anything is: the cache must be one that all processes see."""
    return settings.SHARED_SECONDS > 0


def get_or_make(
    name: str, make: Callable[[], Any], *, fresh: int = 0, stale: int = STALE_SECONDS
) -> Any:
    """What is kept under this name, or else what `make` gives, made by one caller at a time.

    The others wait for it, or are given what was kept before and is stale since less than so many
    seconds. It is fresh for SHARED_SECONDS, or for longer where nothing in it goes by the clock.
    `make` must not look at a person.
    """
    if not is_kept():
        return make()
    key = f"shown:{hashlib.sha256(f'{version()}:{name}'.encode()).hexdigest()}"
    ends = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < ends:
        _, kept = _find(key)
        if kept is not None and kept.is_fresh:
            return kept.value
        if cache.add(f"{key}:making", 1, MAKING_SECONDS):
            return _make(key, make, fresh or settings.SHARED_SECONDS, stale)
        if kept is not None:
            return kept.value
        time.sleep(LOOK_EVERY)
    return make()


def _find(key: str) -> tuple[str, Kept | None]:
    """The edition, and what is kept of it."""
    found = cache.get_many([KEY, key])
    edition, kept = found.get(KEY) or _first(), found.get(key)
    return edition, kept if kept is not None and kept.edition == edition else None


def _make(key: str, make: Callable[[], Any], fresh: int, stale: int) -> Any:
    """The edition is the one before it is made: what is published meanwhile makes it old."""
    try:
        edition, kept = _find(key)
        if kept is not None and kept.is_fresh:
            return kept.value  # made between our looking and our turn
        value = make()
        kept = Kept(edition, time.time() + fresh, value)
        cache.set(key, kept, fresh + (stale if value is not None else 0))
    finally:
        cache.delete(f"{key}:making")
    return value


def _begin() -> None:
    cache.set(KEY, uuid4().hex, None)


def _first() -> str:
    """In an empty cache: of many that look at once, one says which edition it is."""
    cache.add(KEY, uuid4().hex, None)
    return str(cache.get(KEY))


def _page_gone(sender: type[Model], **kwargs: Any) -> None:
    if issubclass(sender, Page):
        renew()
