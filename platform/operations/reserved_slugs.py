"""Slugs that no page at the top may bear: their addresses belong to the program."""

from operations.url_classes import CLASSES, PROMISES

# Asked for by browsers and robots at the top, kept for later, or the web server's own.
_BESIDES = {"api", "robots.txt", "favicon.ico", "sitemap.xml", "manifest.json", "sw.js", "circles"}
_BESIDES |= {"accel", "store"}


def _first_parts() -> set[str]:
    pages = {promise.address.split("/")[1] for promise in PROMISES if promise.page}
    promised = {promise.address.split("/")[1] for promise in PROMISES}
    routed = {route.split("/")[0].removesuffix("*") for route in CLASSES if route[0] not in "^("}
    return ((promised | routed) - pages) | _BESIDES


RESERVED = frozenset(_first_parts() - {""})


def is_reserved(slug: str) -> bool:
    """Whether a page of this slug right below the home page would hide, or be hidden."""
    return slug.strip("/").casefold() in RESERVED
