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
    "sw.js": P,
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
    "study/ledger/": S,
    "study/ledger/days/<str:day>/": S,
    "study/ledger/disciplines/": S,
    "study/ledger/years/<int:number>/": S,
    "study/ledger/years/<int:number>/poster.png": S,
    "study/ledger/take/": S,
    "study/ledger/export.<str:suffix>": S,
    "study/certificates/": S,
    "study/certificates/<str:kind>/<int:target_id>/": S,
    "credentials/<str:number>/": P,  # who has the number sees what it stands for
    "credentials/keys.json": P,  # public halves of keys, for whoever checks a badge
    "credentials/keys/<str:thumbprint>.json": P,
    "credentials/revocations.json": P,
    "credentials/<str:number>/name/": S,
    "credentials/<str:number>/certificate.png": S,
    "credentials/<str:number>/certificate.pdf": S,
    "credentials/<str:number>/poster.png": S,
    "credentials/<str:number>/badge.jwt": S,
    "credentials/<str:number>/badge.png": S,
    "study/tracks/<int:track_id>/join/": S,
    "study/tracks/<int:track_id>/leave/": S,
    "study/tracks/<int:track_id>/task/": S,
    "study/tracks/<int:track_id>/plan/": S,
    "study/tracks/<int:track_id>/plan/drop/": S,
    "study/calendar/": S,
    "study/calendar/<str:token>.ics": P,  # to who has the address
    "study/notes/": S,
    "study/notes/notes.md": S,
    "study/notes/notes.epub": S,
    "study/notes/page/<int:page_id>/": UrlClass.ENTITLED,
    "study/notes/page/<int:page_id>/add/": UrlClass.ENTITLED,
    "study/notes/<uuid:key>/": S,
    "study/notes/<uuid:key>/remove/": S,
    "study/notes/<uuid:key>/share/": S,
    "study/notes/<uuid:key>/review/": S,
    "study/review/": S,
    "study/review/statistics/": S,
    "study/review/<uuid:key>/": S,
    "study/review/<uuid:key>/remove/": S,
    "study/shared-notes/<str:token>/": P,  # by choice, to who has the address
    "study/kept/": P,  # the same for everybody
    "study/kept/leaves/": UrlClass.ENTITLED,
    "study/beat/": UrlClass.ENTITLED,
    "study/speed/": UrlClass.ENTITLED,
    "study/token/<int:lesson_id>/": UrlClass.ENTITLED,
    "study/done/<int:lesson_id>/": UrlClass.ENTITLED,
    "study/quiz/<int:lesson_id>/": UrlClass.ENTITLED,
    "study/quiz/<int:lesson_id>/start/": UrlClass.ENTITLED,
    "study/quiz/<int:lesson_id>/answer/": UrlClass.ENTITLED,
    "study/quiz/<int:lesson_id>/judge/": UrlClass.ENTITLED,
    "study/quiz/<int:lesson_id>/collect/": UrlClass.ENTITLED,
    "study/feeds/": S,
    "study/feeds/<str:kind>/<int:number>/": S,
    "study/feeds/<str:kind>/<int:number>/make/": S,
    "study/feeds/<str:kind>/<int:number>/end/": S,
    # For podcast apps: the address stands for its learner, whose access is asked each time
    "feeds/<str:token>/": UrlClass.ENTITLED,
    "feeds/media/<str:token>/<str:name>": UrlClass.ENTITLED,
    # What people say to one another
    "community/lessons/<int:lesson_id>/": UrlClass.ENTITLED,
    "community/lessons/<int:lesson_id>/say/": UrlClass.ENTITLED,
    "community/comments/*": UrlClass.ENTITLED,
    "community/questions/": S,  # an instructor's, of their own courses
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
    # The end of a lesson, and when one goes on
    "study/closing/<int:lesson_id>/": UrlClass.ENTITLED,
    "study/continue/<int:lesson_id>/": UrlClass.ENTITLED,
    "study/continue/calendar.ics": S,
    "study/continue/cancel/": S,
    "study/resume/<int:lesson_id>/": S,
    # Planned courses
    "wishes/<int:course_id>/": S,
    # Following, letters, and mails one may end
    "following/": S,
    "following/publisher/": S,
    "following/instructors/<str:slug>/": S,
    "letters/": P,
    "letters/ask/": P,
    "letters/<int:pk>/": P,
    "letters/yes/<str:token>/": P,  # to who got the mail
    "letters/no/<str:token>/": P,
    "account/mails/": S,
    "mails/stop/<str:token>/": P,  # to who got the mail
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
    Promise("/feeds/"),
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
