"""Who may reach which address: the one table, and the addresses that are promised to stay.

A test walks every address the site knows and fails on one that is not here. Keys are whole routes
as Django's resolver knows them, or, with `*` at the end, the beginning of what third parties bring.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any

from django.urls import URLPattern, URLResolver


class UrlClass(StrEnum):
    PUBLIC = "public"  # anybody; whoever is signed in may see what they own besides
    ANONYMOUS = "anonymous"  # made for those who have not signed in
    SIGNED_IN = "signed-in"
    ENTITLED = "entitled"  # the view asks courses.access.may_open
    STAFF = "staff"  # with a second factor
    WEBHOOK = "webhook"  # a signature instead of a session
    HEALTH = "health"
    DEBUG = "debug"  # exists only with the demo or the sandbox


P, A, S = UrlClass.PUBLIC, UrlClass.ANONYMOUS, UrlClass.SIGNED_IN

CLASSES: dict[str, UrlClass] = {
    "healthz": UrlClass.HEALTH,
    "readyz": UrlClass.HEALTH,
    "metrics": UrlClass.HEALTH,  # answered by a middleware, with a token
    # For browsers and robots
    "robots.txt": P,
    "manifest.webmanifest": P,
    "favicon.ico": P,
    "sitemap.xml": P,
    "sitemap-<str:section>.xml": P,
    # Courses, lessons and media look for themselves: a visitor gets the sales page.
    "courses/": P,
    "courses/<str:slug>/": P,
    "courses/<str:course_slug>/<str:slug>/": UrlClass.ENTITLED,
    "tracks/": P,
    "tracks/<str:slug>/": P,
    "articles/": P,
    "articles/<str:slug>/": P,
    "instructors/": P,
    "instructors/<str:slug>/": P,
    "disciplines/": P,
    "disciplines/<str:slug>/": P,
    "search/": P,
    "search/suggest/": P,
    "media/<int:page_id>/<str:name>/": UrlClass.ENTITLED,
    "pictures/<str:kind>-<int:pk>/<str:digest>-<str:shape>.<str:suffix>": P,
    "files/<path:path>": P,
    # A draft on its editor's phone: who has the signature is let in
    "preview/<str:token>/": A,
    "preview/<str:token>/<str:name>/": A,
    # Study
    "study/": S,
    "study/goals/": S,
    "study/tracks/<int:track_id>/join/": S,
    "study/tracks/<int:track_id>/leave/": S,
    "study/tracks/<int:track_id>/task/": S,
    "study/beat/": UrlClass.ENTITLED,
    "study/speed/": UrlClass.ENTITLED,
    "study/token/<int:lesson_id>/": UrlClass.ENTITLED,
    "study/done/<int:lesson_id>/": UrlClass.ENTITLED,
    # Money
    "membership/": P,
    "bundles/<str:slug>/": P,
    "payments/webhook/": UrlClass.WEBHOOK,
    "payments/checkout/": P,
    "payments/buy/<uuid:key>/": P,
    "payments/enrol/": P,
    "payments/gift/<uuid:key>/": P,
    "payments/seats/<uuid:key>/": P,
    "redeem/": P,
    "redeem/<str:code>/card.png": P,
    "redeem/<str:code>/": P,  # who has the code sees what it opens
    "payments/return/": S,
    "payments/cancelled/": S,
    "account/orders/": S,
    "account/orders/*": S,
    "account/refunds/*": S,
    "account/subscriptions/*": S,
    # People: ours
    "account/": S,
    "account/currency/": P,
    "account/language/": P,
    "account/second-step/": S,
    "account/looking/end/": S,
    "account/reauthenticate/code/": S,
    "account/privacy/": S,
    "account/privacy/export/": S,
    "account/privacy/delete/": S,
    "account/deleted/": P,
    "account/first-operator/<str:token>/": A,
    # People: allauth's
    "account/login/": A,
    "account/login/code/confirm/": A,
    "account/login/code/": A,
    "account/signup/": A,
    "account/signup/passkey/": A,
    "account/logout/": P,
    "account/inactive/": P,
    "account/confirm-email/": P,
    r"account/^confirm-email/(?P<key>[-:\w]+)/$": P,
    "account/reauthenticate/": S,
    "account/email/": S,
    "account/password/change/": S,
    "account/password/set/": S,
    "account/password/reset/": A,
    "account/password/reset/confirm/": A,
    "account/password/reset/complete/": A,
    "account/password/reset/done/": A,
    "account/password/reset/key/done/": A,
    r"account/^password/reset/key/(?P<uidb36>[0-9A-Za-z]+)-(?P<key>.+)/$": A,
    "account/2fa/authenticate/": A,
    "account/2fa/webauthn/login/": A,
    "account/2fa/webauthn/signup/": A,
    "account/2fa/*": S,
    "account/sessions/": S,
    # Wagtail's
    "admin/login/": A,
    "admin/logout/": P,
    "admin/password_reset/": A,
    "admin/password_reset/*": A,
    "admin/jsi18n/": P,
    "admin/sprite/": P,
    "admin/*": UrlClass.STAFF,
    "_util/login/": A,
    "_util/authenticate_with_password/<int:page_view_restriction_id>/<int:page_id>/": P,
    r"^((?:[\w\-]+/)*)$": P,
    # Only here to be tried
    "demo/*": UrlClass.DEBUG,
    "demo/": UrlClass.DEBUG,
    "sandbox/*": UrlClass.DEBUG,
    "sandbox/": UrlClass.DEBUG,
    "styleguide/": UrlClass.DEBUG,
    "styleguide/*": UrlClass.DEBUG,
}


@dataclass(frozen=True)
class Promise:
    """An address that stays. `page`: its first part is a page that editors keep in the tree."""

    address: str
    page: bool = False


PROMISES = [
    Promise("/", page=True),
    Promise("/courses/", page=True),
    Promise("/courses/<course>/", page=True),
    Promise("/courses/<course>/<lesson>/", page=True),
    Promise("/tracks/", page=True),
    Promise("/tracks/<track>/", page=True),
    Promise("/articles/", page=True),
    Promise("/articles/<article>/", page=True),
    Promise("/instructors/<instructor>/"),
    Promise("/disciplines/<discipline>/"),
    Promise("/media/<page>/<file>/"),
    Promise("/files/"),
    Promise("/static/"),
    Promise("/membership/"),
    Promise("/redeem/"),
    Promise("/redeem/<code>/"),
    Promise("/bundles/<bundle>/"),
    Promise("/study/"),
    Promise("/study/beat/"),
    Promise("/search/"),
    Promise("/account/"),
    Promise("/account/orders/"),
    Promise("/admin/"),
    Promise("/payments/webhook/"),
    Promise("/healthz"),
    Promise("/readyz"),
    Promise("/demo/"),
    Promise("/sandbox/"),
    Promise("/styleguide/"),
]


@cache
def class_of(route: str) -> UrlClass | None:
    """The class of a whole route; of several beginnings the longest counts."""
    if route in CLASSES:
        return CLASSES[route]
    beginnings = [
        key for key in CLASSES if key.endswith("*") and route.startswith(key.removesuffix("*"))
    ]
    return CLASSES[max(beginnings, key=len)] if beginnings else None


def routes(resolver: URLResolver, before: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Every route below this resolver, whole, with its pattern."""
    pattern: Any
    for pattern in resolver.url_patterns:
        route = f"{before}{pattern.pattern}"
        if isinstance(pattern, URLPattern):
            yield route, pattern
        else:
            yield from routes(pattern, route)
