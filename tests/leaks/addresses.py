"""Every address of the site, filled with what is worth stealing.

The routes come from the resolver. What stands in them comes from the tables below: a route with a
part for which nothing is known here has no address, and a test fails on it.
"""

import re
from collections.abc import Callable, Iterator
from itertools import islice, product
from typing import Any
from uuid import UUID

from django.core import signing
from django.urls import get_resolver
from wagtail.models import Task, TaskState, Workflow, WorkflowState

from accounts.models import OutboxMessage
from community.models import Comment
from courses import depicted, media
from courses.depicted import CARD, Subject, absolute
from courses.models import ArticlePage, CoursePage, LessonPage, Rendition, TrackPage
from courses.storage import PUBLIC
from learning import feed_links
from learning.models import PodcastFeed
from operations import clock
from operations.url_classes import UrlClass, class_of, routes
from pages import phone_preview
from pages.site_shown import shown_to
from pages.sitemaps import SECTIONS
from payments import codes
from payments.models import MoneyEntry, Refund, RefundRequest, WebhookEvent
from tests.leaks.world import NOTE, World

PART = re.compile(r"<(?:\w+:)?(\w+)>|\(\?P<(\w+)>[^()]*\)")
MOST = 20  # addresses of one route, where several parts meet, …
MOST_OF_STAFF = 4  # … and of one in the administration
PAGES = ("paid", "draftlesson", "draftcourse")
NOBODY = [1]  # of what the world has none, the number that the first one would have
SOME_KEY = "00000000-0000-4000-8000-000000000000"
type Values = Callable[[World], list[Any]]


def every() -> dict[str, UrlClass | None]:
    """Every route of the site with its class."""
    return {route: class_of(route) for route, _pattern in routes(get_resolver())}


def of_route(route: str, world: World) -> list[str]:
    """The addresses to try of this route. Raises LookupError when a part of it is unknown."""
    if route in WHOLE:
        return [f"/{address}" for address in WHOLE[route](world)]
    names = [first or second for first, second in PART.findall(route)]
    values = [_values(route, name)(world) for name in names]
    bare = re.sub(r"[\^$\\]", "", PART.sub("{}", route))
    of_staff = class_of(route) is UrlClass.STAFF and len(names) > 1
    most = MOST_OF_STAFF if of_staff else MOST
    return [f"/{bare.format(*chosen)}" for chosen in islice(product(*values), most)]


def _values(route: str, name: str) -> Values:
    """Those of the longest beginning of the route that says something of this part."""
    known = [each for each, part in PARTS if part == name and route.startswith(each)]
    if not known:
        raise LookupError(f"tests/leaks/addresses.py: what may stand for <{name}> in {route!r}?")
    return PARTS[max(known, key=len), name]


def _rows(model: Any) -> Values:
    return lambda world: list(model.objects.order_by("-pk").values_list("pk", flat=True)[:2])


def _pages(*names: str) -> Values:
    return lambda world: [world.pages[name].pk for name in names]


def _people(world: World) -> list[int]:
    return [world.people[name].pk for name in ("buyer", "editor")]


def _instructor(world: World) -> list[str]:
    teacher: Any = world.course.instructor
    return [teacher.slug]


def _known(*values: Any) -> Values:
    return lambda world: list(values)


def _numbers(rows: str) -> Values:
    return lambda world: [row.pk for row in getattr(world, rows).values()]


# What stands for a part of a route: of the longest beginning that names it.
PARTS: dict[tuple[str, str], Values] = {
    # Pages
    ("courses/", "course_slug"): _known("yiqun", "gone", "other"),
    ("courses/", "slug"): _known("yiqun", "gone", "hidden"),
    ("courses/<str:course_slug>/", "slug"): _known("00", "01", "02", "taken", "hidden"),
    ("tracks/", "slug"): _known("shown", "hidden"),
    ("articles/", "slug"): _known("shown", "hidden"),
    ("instructors/", "slug"): _instructor,
    ("disciplines/", "slug"): _known("business"),
    ("sitemap-", "section"): lambda world: [*SECTIONS],
    # Study
    ("study/", "lesson_id"): _pages("paid", "film", "gonelesson", "draftlesson", "taken"),
    ("study/", "page_id"): _pages("paid", "film", "gonelesson", "draftlesson", "taken", "article"),
    ("study/notes/", "key"): _known(NOTE),
    ("study/review/", "key"): _known(NOTE),
    ("study/shared-notes/", "token"): _known("guessed", "None"),
    ("study/calendar/", "token"): _known("guessed"),
    ("study/ledger/", "day"): _known("2026-11-23", "yesterday"),
    ("study/ledger/", "number"): _known(2026, 1999),
    ("study/ledger/", "suffix"): _known("json", "csv", "exe"),
    ("study/feeds/", "kind"): _known("course", "membership", "lesson"),
    ("study/feeds/", "number"): lambda world: [world.course.pk, world.library.pk],
    ("study/", "track_id"): _pages("track", "drafttrack"),
    ("study/certificates/", "kind"): _known("course", "track", "guessed"),
    ("study/certificates/", "target_id"): _pages("course", "draftcourse", "track", "drafttrack"),
    ("credentials/", "number"): _known("guessed"),
    ("credentials/keys/", "thumbprint"): _known("guessed"),
    ("mails/stop/", "token"): _known("guessed"),
    ("wishes/", "course_id"): _pages("course", "draftcourse"),
    ("following/instructors/", "slug"): _instructor,
    ("letters/", "pk"): _known(*NOBODY),
    ("letters/", "token"): _known("guessed"),
    # What people say to one another
    ("community/", "lesson_id"): _pages("paid", "film", "gonelesson", "draftlesson", "taken"),
    ("community/comments/", "pk"): _rows(Comment),
    # Money
    ("bundles/", "slug"): _known("both", "notsold"),
    **{
        (f"payments/{way}/", "key"): lambda world: [world.price.key]
        for way in ("buy", "gift", "seats")
    },
    ("redeem/", "code"): _known("guessed", codes.shown(codes.derive(UUID(SOME_KEY), 1))),
    ("account/orders/", "bill"): _known(*NOBODY),
    ("account/orders/", "pk"): _known(*NOBODY),
    ("account/orders/", "key"): lambda world: [order.key for order in world.orders.values()],
    ("account/refunds/", "key"): lambda world: [
        *RefundRequest.objects.filter(order=world.orders["buyer"]).values_list("key", flat=True)
    ],
    ("account/subscriptions/", "pk"): _known(*NOBODY),
    ("account/subscriptions/", "key"): _known(SOME_KEY),
    ("account/2fa/webauthn/keys/", "pk"): _known(*NOBODY),
    # Doors that a guess does not open
    ("account/first-operator/", "token"): _known("guessed"),
    ("account/^confirm-email/", "key"): _known("guessed"),
    ("account/^password/reset/key/", "uidb36"): lambda world: [world.people["buyer"].pk],
    ("account/^password/reset/key/", "key"): _known("guessed"),
    ("admin/password_reset/", "uidb64"): _known("MQ"),
    ("admin/password_reset/", "token"): _known("guessed"),
    ("_util/", "page_view_restriction_id"): _known(*NOBODY),
    ("_util/", "page_id"): _pages("paid"),
    # The administration
    ("admin/", "page_id"): _pages(*PAGES),
    ("admin/pages/<int:page_id>/edit/", "page_id"): _pages(
        *PAGES, "course", "draftarticle", "drafttrack", "taken"
    ),
    ("admin/", "parent_page_id"): _pages("course", "catalogue", "draftcourse"),
    ("admin/", "page_to_move_id"): _pages("paid", "draftlesson"),
    ("admin/", "destination_id"): _pages("other"),
    ("admin/", "page_pk"): _pages("paid"),
    ("admin/", "revision_id"): lambda world: [
        world.pages[name].revisions.latest("pk").pk for name in ("paid", "draftlesson")
    ],
    ("admin/", "revision_id_a"): _known("live", "earliest"),
    ("admin/", "revision_id_b"): _known("latest"),
    ("admin/pages/^", "pk"): _pages("paid", "draftlesson"),
    ("admin/api/main/^pages/", "pk"): _pages(*PAGES),
    ("admin/api/main/", "action_name"): _known("copy", "revert_to_page_revision"),
    ("admin/api/main/^documents/", "pk"): _numbers("documents"),
    ("admin/api/main/^images/", "pk"): _numbers("images"),
    ("admin/documents/chooser/", "pk"): _numbers("documents"),
    ("admin/images/chooser/", "pk"): _numbers("images"),
    ("admin/documents/", "document_id"): _numbers("documents"),
    ("admin/documents/", "doc_id"): _numbers("documents"),
    ("admin/images/", "image_id"): _numbers("images"),
    ("admin/images/", "filter_spec"): _known("original", "max-99x99", "width-50|public"),
    ("admin/media/", "media_id"): _numbers("media"),
    ("admin/media/", "media_type"): _known("audio", "video"),
    ("admin/", "uploaded_file_id"): _known(*NOBODY),
    ("admin/collections/", "pk"): _known(1),
    ("admin/collections/", "collection_id"): _known(1),
    ("admin/", "content_type_app_name"): _known("courses"),
    ("admin/", "content_type_model_name"): _known("lessonpage", "coursepage"),
    ("admin/", "app_label"): _known("courses", "wagtailcore"),
    ("admin/", "model_name"): _known("lessonpage", "coursepage", "page", "privateimage"),
    ("admin/bulk/", "action"): _known("publish", "delete", "move", "unpublish", "add_tags"),
    ("admin/workflows/tasks/", "app_label"): _known("wagtailcore"),
    ("admin/workflows/tasks/", "model_name"): _known("groupapprovaltask"),
    ("admin/settings/", "app_name"): _known("pages"),
    ("admin/settings/", "model_name"): _known("sitesettings"),
    ("admin/settings/", "pk"): _known(1),
    ("admin/tag-autocomplete/", "app_name"): _known("taggit"),
    ("admin/tag-autocomplete/", "model_name"): _known("tag"),
    ("admin/pages/workflow/", "action_name"): _known("approve", "reject"),
    ("admin/", "task_state_id"): _rows(TaskState),
    ("admin/", "task_id"): _rows(Task),
    ("admin/", "workflow_state_id"): _rows(WorkflowState),
    ("admin/", "workflow_pk"): _rows(Workflow),
    ("admin/workflows/", "pk"): _rows(Workflow),
    ("admin/workflows/tasks/", "pk"): _rows(Task),
    ("admin/editing-sessions/", "session_id"): _known(*NOBODY),
    ("admin/editing-sessions/", "object_id"): _pages("paid", "draftlesson"),
    ("admin/redirects/", "redirect_id"): _known(*NOBODY),
    ("admin/snippets/", "pk"): lambda world: [world.course.instructor_id],
    ("admin/snippets/courses/discipline/", "pk"): lambda world: [world.course.disciplines.get().pk],
    ("admin/snippets/choose/courses/discipline/", "pk"): lambda world: [
        world.course.disciplines.get().pk
    ],
    ("admin/snippets/courses/membership/", "pk"): lambda world: [world.library.pk],
    ("admin/snippets/choose/courses/membership/", "pk"): lambda world: [world.library.pk],
    ("admin/money/", "pk"): _known(*NOBODY),
    ("admin/money/orders/", "pk"): _numbers("orders"),
    ("admin/money/refunds/", "pk"): _rows(Refund),
    ("admin/money/requests/", "pk"): _rows(RefundRequest),
    ("admin/money/offers/", "pk"): lambda world: [world.price.offer_id],
    ("admin/money/promotions/", "pk"): _known(*NOBODY),
    ("admin/money/grants/", "pk"): lambda world: [world.people["buyer"].grants.earliest("pk").pk],
    ("admin/money/entries/", "pk"): _rows(MoneyEntry),
    ("admin/money/events/", "pk"): _rows(WebhookEvent),
    ("admin/money/mails/", "pk"): _rows(OutboxMessage),
    ("admin/saved-filters/", "pk"): _known(*NOBODY),
    ("admin/money/statements/", "month"): lambda world: [f"{clock.now():%Y-%m}"],
    ("admin/money/shares/", "pk"): lambda world: [world.course.instructor_id],
    ("admin/money/shares/", "month"): lambda world: [f"{clock.now():%Y-%m}"],
    ("admin/parked-jobs/", "pk"): _known(*NOBODY),
    ("admin/certificates/", "pk"): _known(*NOBODY),
    ("admin/talk/", "pk"): _rows(Comment),
    ("admin/letters/", "pk"): _known(*NOBODY),
    ("admin/sites/", "pk"): _known(1),
    ("admin/users/", "pk"): _people,
    ("admin/groups/", "pk"): lambda world: [world.people["editor"].groups.get().pk],
    # What is only there to be tried
    ("demo/sign-in/", "key"): _known("guessed"),
    ("demo/mail/", "pk"): _rows(OutboxMessage),
    ("styleguide/", "number"): _known(1),
    ("styleguide/", "ground"): _known("city"),
    ("styleguide/", "title"): _known("城市"),
    ("styleguide/", "shape"): _known("card"),
    ("styleguide/", "suffix"): _known("jpg"),
    ("styleguide/", "seconds"): _known(1),
    ("sandbox/do/", "action"): _known("advance"),
    ("sandbox/objects/", "stripe_id"): lambda world: [world.orders["buyer"].session_id],
    ("sandbox/checkout/", "session_id"): lambda world: [world.orders["buyer"].session_id],
    ("sandbox/checkout/", "wallet"): _known("alipay"),
    ("sandbox/invoice/", "invoice_id"): _known("in_none"),
    ("sandbox/receipt/", "charge_id"): lambda world: [world.orders["buyer"].charge_id],
    ("sandbox/portal/", "path"): _known("guessed"),
    ("sandbox/portal/", "subscription_id"): _known("sub_none"),
    ("sandbox/v1/", "rest"): _known("checkout/sessions", "customers", "events"),
}


# --- addresses whose parts belong together -------------------------------------------------------


def lesson_files(world: World) -> list[str]:
    """Each file below the page that uses it, and below pages that do not."""
    named = {
        name: sorted(media.used_files(LessonPage.objects.get(pk=world.pages[name].pk)))
        for name in ("paid", "film", "gonelesson", "draftlesson", "taken")
    }
    right = [(world.pages[name].pk, file) for name, files in named.items() for file in files]
    wrong = [(world.pages["free"].pk, file) for file in named["paid"] + named["film"]]
    wrong += [(world.pages["course"].pk, file) for file in named["paid"]]
    return [f"media/{page}/{file}/" for page, file in right + wrong]


def pictures(world: World) -> list[str]:
    """Of everything that has a cover and a card, out or not."""
    names = ("paid", "gone", "draftcourse", "draftlesson", "draftarticle", "drafttrack")
    shapes = [("132", "webp"), (CARD, "jpg")]
    subjects = [subject_of(world.pages[name].specific) for name in names]
    return [each.address(*shape).lstrip("/") for each in subjects for shape in shapes]


def subject_of(page: Any) -> Subject:
    site = shown_to(None)
    match page:
        case CoursePage():
            return depicted.of_course(page, site)
        case LessonPage():
            return depicted.of_lesson(page, page.get_parent().specific, site)
        case ArticlePage():
            return depicted.of_article(page, site)
        case TrackPage():
            return depicted.of_track(page, site)
    raise TypeError(page)


def stored(world: World) -> list[str]:
    """Where every file lies in the storage."""
    found = [
        row.file.name
        for rows in (world.images, world.documents, world.media)
        for row in rows.values()
    ]
    return [*found, *Rendition.objects.values_list("file", flat=True)]


def public_files(world: World) -> list[str]:
    names = stored(world)
    ways = ["{}", "../{}", "%2e%2e/{}", "..%2f{}", "./../{}", "public/../../{}"]
    beyond = [f"files/{way.format(names[-1])}" for way in ways]
    names = [*(name.removeprefix(PUBLIC) for name in names), *pictures(world)[2:6]]
    return beyond + [f"files/{name}" for name in names]


def previews(world: World) -> list[str]:
    """Addresses of drafts that were not signed here, or no longer hold."""
    editor, buyer = world.people["editor"].pk, world.people["buyer"].pk
    page, revision = world.pages["draftlesson"], world.pages["draftlesson"].latest_revision_id
    right = phone_preview.Draft(page.pk, revision or 0, "buyer", editor).token
    forged = signing.dumps([page.pk, revision, "buyer", editor], salt="guessed")
    nobodys = phone_preview.Draft(page.pk, revision or 0, "buyer", buyer).token
    unsigned = right.rpartition(":")[0]
    tokens = ["guessed", forged, nobodys, unsigned, f"{right}x", right.swapcase()]
    return [f"preview/{token}/" for token in tokens]


def draft_files(world: World) -> list[str]:
    names = sorted(media.used_files(LessonPage.objects.get(pk=world.pages["draftlesson"].pk)))
    return [f"{address}{name}/" for address in previews(world) for name in names]


def _chosen(chooser: str, ids: Values) -> Callable[[World], list[str]]:
    return lambda world: [f"admin/{chooser}/chosen-multiple/?id={pk}" for pk in ids(world)]


def podcast_feeds(world: World) -> list[str]:
    """Of those who have no access any more, and one that has ended; nobody's."""
    secrets = PodcastFeed.objects.order_by("pk").values_list("secret", flat=True)
    return [f"feeds/{secret}/" for secret in [*secrets, "guessed"]]


def podcast_files(world: World) -> list[str]:
    """By links that are signed, of feeds that hold none of it any more; and by one that is not."""
    lessons = [LessonPage.objects.get(pk=world.pages[name].pk) for name in ("paid", "draftlesson")]
    links = [
        (feed_links.make(feed.pk, lesson), feed_links.audio_name(lesson))
        for feed in PodcastFeed.objects.order_by("pk")
        for lesson in lessons
    ]
    found = [
        link.to(name).removeprefix(absolute("/"))
        for link, audio in links
        for name in (audio, "transcript.vtt", "chapters.json")
    ]
    return [*found, "feeds/media/guessed/audio.mp3"]


WHOLE: dict[str, Callable[[World], list[str]]] = {
    "feeds/<str:token>/": podcast_feeds,
    "feeds/media/<str:token>/<str:name>": podcast_files,
    "media/<int:page_id>/<str:name>/": lesson_files,
    "pictures/<str:kind>-<int:pk>/<str:digest>-<str:shape>.<str:suffix>": pictures,
    "files/<path:path>": public_files,
    "preview/<str:token>/": previews,
    "preview/<str:token>/<str:name>/": draft_files,
    "admin/files/<path:path>": lambda world: [f"admin/files/{name}" for name in stored(world)],
    "admin/choose-page/chosen-multiple/": _chosen("choose-page", _pages(*PAGES)),
    "admin/images/chooser/chosen-multiple/": _chosen("images/chooser", _numbers("images")),
    "admin/documents/chooser/chosen-multiple/": _chosen("documents/chooser", _numbers("documents")),
    "admin/^.*/$": lambda world: ["admin/nowhere/"],
    r"^((?:[\w\-]+/)*)$": lambda world: ["", "yiqun/01/", "home/courses/yiqun/01/"],
}


def paid_for(world: World) -> set[str]:
    """Where the buyer, and nobody else here, finds what was paid for."""
    lessons = {"/courses/yiqun/01/", "/courses/yiqun/02/", "/courses/gone/00/"}
    files = {
        media.address(lesson, name)
        for lesson in (
            LessonPage.objects.get(pk=world.pages[name].pk)
            for name in ("paid", "film", "gonelesson")
        )
        for name in media.used_files(lesson)
    }
    here = world.paid.pk
    quizzes = {f"/study/quiz/{here}/"}
    ends = {f"/study/closing/{world.pages[name].pk}/" for name in ("paid", "film", "gonelesson")}
    ways = ("", "notes.md", "notes.epub", f"{NOTE}/", f"page/{here}/")
    noted = {f"/study/notes/{way}" for way in ways} | {"/account/privacy/export/", "/study/review/"}
    said = {f"/community/lessons/{here}/"}
    for pk in Comment.objects.values_list("pk", flat=True):
        said |= {f"/community/comments/{pk}/{act}/" for act in ("answer", "report")}
    return lessons | quizzes | files | noted | ends | said


def all_of(world: World, *, only: str = "") -> Iterator[tuple[str, str]]:
    """Every route (`only` those that match) with each of its addresses."""
    for route in every():
        if re.search(only, route):
            for address in of_route(route, world):
                yield route, address
