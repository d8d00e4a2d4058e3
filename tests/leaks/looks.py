"""Where a leak shows in no answer yet: the cache, the outbox, the public folder, search."""

import re
from pathlib import Path
from typing import Any

from django.core.cache import caches
from django.core.cache.backends.locmem import LocMemCache
from django.core.files.storage import default_storage

from accounts.models import OutboxMessage
from courses.storage import PUBLIC
from tests.accounts.browser import text_of
from tests.leaks.canaries import Kind, hear, of_kind, word
from tests.leaks.personas import Visit

# A body is kept under the digest of what it was made from, a rendition's row (not its bytes) under
# its picture's number: both are looked for only after the lesson was opened.
BODY_KEY = re.compile(r".*lesson-text:[0-9a-f]{64}$")
OWN_KEY = re.compile(rf"{BODY_KEY.pattern}|.*wagtail-rendition-\d+-.*")
SECRET = of_kind(*set(Kind) - {Kind.LABEL, Kind.PERSON})


def cached() -> dict[str, Any]:
    """All that is in the cache now, as it lies there."""
    cache: Any = caches["default"]
    if isinstance(cache, LocMemCache):
        return dict(cache._cache)
    client = cache._cache.get_client(None)
    return {key.decode(): client.get(key) for key in client.scan_iter()}


def in_shared_cache() -> set[str]:
    """The canaries under keys that do not name what they are made from."""
    found: set[str] = set()
    for key, value in cached().items():
        if isinstance(value, bytes) and not OWN_KEY.match(key):
            found |= hear(key) | hear(value)
    return found & SECRET


def in_mail() -> set[str]:
    """What letters say that is not theirs to say: they name a course, and who is written to."""
    found: set[str] = set()
    for letter in OutboxMessage.objects.all():
        heard = hear(f"{letter.subject} {letter.text} {letter.html}")
        found |= heard if not hear(letter.to) else heard - of_kind(Kind.PERSON)
    return found


def in_public_files() -> set[str]:
    """What lies under an address that asks nobody who they are."""
    found: set[str] = set()
    for file in Path(default_storage.path(PUBLIC)).rglob("*"):
        if file.is_file():
            found |= hear(file.read_bytes()) | hear(file.name)
    return found & SECRET


def in_search(visit: Visit) -> set[str]:
    """The canaries for which search answers otherwise than for a word that stands nowhere."""
    found: set[str] = set()
    for address in ("/search/", "/search/suggest/"):
        nothing = _said(visit, address, "火星人nowhere")
        found |= {name for name in SECRET if _said(visit, address, word(name)) != nothing}
    return found


def _said(visit: Visit, address: str, asked: str) -> str:
    return text_of(visit.client.get(address, {"q": asked})).replace(asked, "…")
