"""The site as the crawl finds it: a course of which some of everything is paid for, drafts beside
it, and people who bought, gave back, let lapse, or never had."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any
from uuid import UUID, uuid4

from django.contrib.auth.models import Group, Permission
from django.core.files.base import ContentFile
from django.db import connections, transaction
from django.utils import timezone
from wagtail.models import (
    Collection,
    Comment,
    GroupCollectionPermission,
    GroupPagePermission,
    Page,
)

from accounts.models import User
from community import comments, moderation, places
from courses.models import (
    ArticleIndexPage,
    CoursePage,
    Grant,
    LessonPage,
    Membership,
    PrivateDocument,
    PrivateImage,
    PrivateMedia,
)
from learning import feeds, progress, quizzes, tracks
from learning.models import Highlight, PodcastFeed, ReviewCard
from payments import refund_requests
from payments.models import Order, Price
from tests import factories
from tests.accounts.factories import PASSWORD, give_app
from tests.accounts.factories import UserFactory as AccountFactory
from tests.courses.conftest import give, staff
from tests.leaks.canaries import ascii_word, digests, noise, picture, word
from tests.payments.conftest import Shop
from tests.payments.factories import bundle_price, course_price, membership_prices

NOTE = UUID("00000000-0000-4000-8000-000000000001")  # the buyer's
VTT = "WEBVTT\n\n00:00:00.000 --> 00:00:02.000\n{}。\n"
ID3 = b"ID3\x04\x00\x00\x00\x00\x00\x7fTIT2"


@dataclass
class World:
    """Everything by its name. `files` are the digests of paid files, each with its canary."""

    pages: dict[str, Page] = field(default_factory=dict)
    images: dict[str, PrivateImage] = field(default_factory=dict)
    documents: dict[str, PrivateDocument] = field(default_factory=dict)
    media: dict[str, PrivateMedia] = field(default_factory=dict)
    people: dict[str, User] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    price: Price = field(default_factory=Price)
    library: Membership = field(default_factory=Membership)
    shelf: Membership = field(default_factory=Membership)

    @property
    def course(self) -> CoursePage:
        return CoursePage.objects.get(pk=self.pages["course"].pk)

    @property
    def paid(self) -> LessonPage:
        return LessonPage.objects.get(pk=self.pages["paid"].pk)

    def remember(self, canary: str, content: bytes, filename: str) -> ContentFile:
        """A file, known by its digests from now on."""
        self.files |= dict.fromkeys(digests(content), canary)
        return ContentFile(content, filename)


@contextmanager
def rolled_back() -> Iterator[None]:
    """All that happens to any database within is undone afterwards; what refuses to work in a
    transaction is told that this is a test."""
    with ExitStack() as stack:
        for alias in connections:
            atomic = transaction.atomic(using=alias)
            atomic._from_testcase = True
            stack.enter_context(atomic)
            stack.callback(transaction.set_rollback, True, using=alias)
        yield


def build(run_jobs: Callable[[], None]) -> World:
    """Pages, files and people, all with their canaries."""
    world = World()
    _make_files(world)
    _make_course(world)
    _make_drafts(world)
    _make_people(world, Shop(run_jobs))
    _make_staff(world)
    return world


# --- files ---------------------------------------------------------------------------------------


def _make_files(world: World) -> None:
    names = ("picture", "draftpicture", "withdrawnpicture")
    world.images = {name: _image(world, name) for name in names}
    world.images["picture"].tags.add(word("label"))
    paid = word("documenttag").encode() + b" " + noise("documentbytes")
    world.documents = {
        "paid": _document(
            world.remember("documentbytes", paid, f"{word('documentname')}.txt"),
            title=word("documenttitle"),
        ),
        "titled": _document(ContentFile(b"nothing", "titled.txt"), title="titled"),
    }
    sound = ID3 + word("audiotag").encode() + b"\0" + noise("audiobytes")
    film = noise("videobytes")
    world.media = {
        "audio": _media(
            world.remember("audiobytes", sound, f"{word('audioname')}.mp3"),
            title=word("audiotitle"),
        ),
        "video": _media(
            world.remember("videobytes", film, f"{word('videoname')}.mp4"),
            title=word("videotitle"),
            type="video",
        ),
        "gone": _media(world.remember("goneaudio", noise("goneaudio"), "gone.mp3")),
        "draft": _media(world.remember("draftmedia", noise("draftmedia"), "draft.mp3")),
    }


def _image(world: World, name: str) -> PrivateImage:
    return PrivateImage.objects.create(
        title=word("picturetitle"),
        description=word("picturenote"),
        file=world.remember(name, picture(name), f"{ascii_word('picturename')}.png"),
    )


def _document(file: ContentFile, *, title: str) -> PrivateDocument:
    return PrivateDocument.objects.create(title=title, file=file, file_size=file.size)


def _media(file: ContentFile, *, title: str = "录音", type: str = "audio") -> PrivateMedia:
    return PrivateMedia.objects.create(title=title, type=type, duration=60, file=file)


# --- what is out ---------------------------------------------------------------------------------


def body(world: World) -> list[tuple[str, Any]]:
    """One block of every kind."""
    rows = [["1", "2"], [word("cell"), "4"]]
    return [
        ("text", f"<p>{word('text')}。</p>"),
        ("quote", {"text": word("quote"), "source": word("source")}),
        (
            "picture",
            {
                "image": world.images["picture"],
                "alt": word("alt"),
                "caption": word("caption"),
            },
        ),
        ("callout", {"heading": word("heading"), "text": f"<p>{word('callout')}</p>"}),
        ("code", {"language": word("language"), "code": word("code")}),
        ("table", {"data": rows, "first_row_is_table_header": True}),
        ("question", {"text": word("question")}),
        ("product_card", {"course": world.pages["other"], "line": word("card")}),
    ]


def quiz() -> list[tuple[str, Any]]:
    """A question of every kind, and what is right of each."""
    prompt = {"prompt": word("quizprompt"), "why": word("quizwhy")}
    choices = [
        {"text": f"{word('quizchoice')} {number}", "is_right": number == 1, "why": word("quizwhy")}
        for number in (1, 2)
    ]
    items = [f"{word('quizitem')} {number}" for number in (1, 2)]
    fill = ("fill", prompt | {"accepted": [word("quizkey")]})
    return [
        ("single", prompt | {"choices": choices, "is_shuffled": False}),
        ("multiple", prompt | {"choices": choices, "is_shuffled": True}),
        ("true_false", prompt | {"right": "true"}),
        fill,
        ("order", prompt | {"items": items}),
        ("short", prompt | {"model": word("quizmodel")}),
        ("pool", {"ask": 1, "questions": [fill]}),
    ]


def _make_course(world: World) -> None:
    world.library = factories.MembershipFactory(name="全部课程")
    world.shelf = factories.MembershipFactory(name="听书")
    business = factories.DisciplineFactory(slug="business")
    other = factories.course(lessons=2, slug="other", title="另一门")
    course = factories.course(slug="yiqun", title="一群人", disciplines=[business])
    world.pages |= {"other": other, "course": course, "catalogue": factories.catalogue()}
    lesson = factories.lesson
    free = {"body": [("text", "<p>免费。</p>")], "transcript": "", "free_preview": True}
    world.pages["free"] = lesson(course, slug="00", **free)
    world.pages["paid"] = lesson(
        course,
        slug="01",
        question="它怎样开始？",
        summary="开始。",
        audio=world.media["audio"],
        transcript=VTT.format(word("bodycue")),
        markers=f"0:00 {word('marker')}\n0:30 二",
        body=body(world),
        quiz=quiz(),
        attachments=[
            ("attachment", {"document": world.documents["paid"], "title": ""}),
            ("attachment", {"document": world.documents["titled"], "title": word("attachment")}),
        ],
    )
    world.pages["film"] = lesson(
        course, slug="02", video=world.media["video"], transcript=VTT.format(word("cue")), body=[]
    )
    course = CoursePage.objects.get(pk=course.pk)
    course.memberships = [world.library]
    course.save_revision().publish()
    world.pages["track"] = factories.track([course], [world.pages["film"]], slug="shown")
    _make_gone(world)


def _make_gone(world: World) -> None:
    """A course that was unpublished, for those who have it; a lesson taken out, for nobody."""
    gone = factories.course(slug="gone", title="不再出售")
    world.pages["gonelesson"] = factories.lesson(
        gone,
        slug="00",
        audio=world.media["gone"],
        transcript="",
        body=[("text", f"<p>{word('gone')}</p>")],
    )
    gone.refresh_from_db()
    gone.unpublish()
    taken = factories.lesson(
        world.pages["course"],
        slug="taken",
        transcript="",
        body=[
            ("text", f"<p>{word('withdrawn')}</p>"),
            ("picture", {"image": world.images["withdrawnpicture"], "alt": "", "caption": ""}),
        ],
    )
    taken.unpublish()
    world.pages |= {"gone": gone, "taken": taken}


# --- what is not out -----------------------------------------------------------------------------


def _make_drafts(world: World) -> None:
    unpublished: dict[str, Any] = {
        "live": False,
        "first_published_at": None,
        "cover": world.images["draftpicture"],
    }
    course = world.course
    draft = factories.course(
        **unpublished,
        slug="hidden",
        title=word("coursetitle"),
        promise=word("coursepromise"),
        instructor=course.instructor,
        disciplines=list(course.disciplines.all()),
    )
    lesson = factories.lesson(
        course,
        slug="hidden",
        live=False,
        first_published_at=None,
        title=word("lessontitle"),
        question=word("lessonquestion"),
        summary=word("lessonsummary"),
        audio=world.media["draft"],
        body=[("text", f"<p>{word('lessonbody')}</p>")],
        transcript="",
    )
    article = factories.ArticleFactory(
        parent=ArticleIndexPage.objects.get(),
        **unpublished,
        slug="hidden",
        title=word("articletitle"),
        body=[("text", f"<p>{word('articlebody')}</p>")],
    )
    track = factories.track(
        [draft], **unpublished, slug="hidden", title=word("tracktitle"), aim=word("trackaim")
    )
    for page in (draft, lesson, article, track):
        page.save_revision()
    bundle_price(factories.bundle(course, factories.course(), slug="both"))
    bundle_price(factories.bundle(course, draft, slug="notsold"))
    world.pages |= {
        "draftcourse": draft,
        "draftlesson": lesson,
        "draftarticle": article,
        "drafttrack": track,
        "article": factories.ArticleFactory(
            parent=ArticleIndexPage.objects.get(), slug="shown", body=[("text", "<p>文章。</p>")]
        ),
    }
    _edit_what_is_out(world)


def _edit_what_is_out(world: World) -> None:
    """Saved, not published."""
    course = world.course
    course.title, course.promise = word("editedtitle"), word("edit")
    course.save_revision()
    paid = world.paid
    paid.body.append(("text", f"<p>{word('editbody')}</p>"))
    paid.save_revision()


# --- people --------------------------------------------------------------------------------------


def _make_staff(world: World) -> None:
    """An editor who noted something on the paid lesson, and a review that ended badly."""
    editor = staff("editor")
    for role in ("moderator", "finance", "operator"):
        world.people[role] = staff(role)
    world.people |= {"editor": editor, "narrow": _narrow_editor()}
    Comment.objects.create(
        page=world.pages["paid"], user=editor, text=word("comment"), contentpath="body"
    )
    for name in ("draftlesson", "draftarticle"):
        page = world.pages[name]
        page.get_workflow().start(page, editor)
    state = world.pages["draftlesson"].current_workflow_task_state
    state.task.specific.on_action(state, editor, "reject", comment=word("reviewer"))


def _narrow_editor() -> User:
    """Who writes articles on their own shelf of files, and has no right to anything else."""
    group = Group.objects.create(name="magazine")
    group.permissions.add(_permission("wagtailadmin", "access_admin"))
    own = Collection.get_first_root_node().add_child(name="杂志")
    page = _permission("wagtailcore", "change_page")
    articles = factories.ArticleFactory(parent=ArticleIndexPage.objects.get(), slug="own")
    GroupPagePermission.objects.create(group=group, page=articles, permission=page)
    for right in ("wagtailimages.add_image", "wagtaildocs.add_document", "wagtailmedia.add_media"):
        permission = _permission(*right.split("."))
        GroupCollectionPermission.objects.create(group=group, collection=own, permission=permission)
    user = AccountFactory(password=PASSWORD)
    user.groups.add(group)
    give_app(user)
    return user


def _permission(app: str, codename: str) -> Permission:
    return Permission.objects.get(content_type__app_label=app, codename=codename)


def _make_people(world: World, shop: Shop) -> None:
    now = timezone.now()
    buyer: Any = factories.UserFactory(
        name=word("buyername"), email=f"{ascii_word('buyermail')}@example.com"
    )
    names = ("free", "lapsed", "refunded", "former", "other_buyer", "other_member", "planned")
    world.people |= {name: factories.UserFactory(name=name) for name in names} | {"buyer": buyer}
    people = world.people
    world.price = course_price(world.course)
    other: Any = world.pages["other"]
    course_price(other)  # else a product card would offer nothing
    membership_prices(world.library)
    for name in ("buyer", "refunded"):
        world.orders[name] = shop.buy(people[name], world.price)
    _long_ago(world.orders["buyer"])
    _give_back(world, shop)
    _give(buyer, world.pages["gone"])
    _give(people["lapsed"], world.library, ends_at=now - timedelta(days=1))
    _give(people["planned"], world.course, starts_at=now + timedelta(days=1))
    _give(people["former"], world.library, withdrawn_at=now)
    _give(people["other_buyer"], world.pages["other"])
    _give(people["other_member"], world.shelf)
    _study(world, buyer)
    _talk(world)
    _make_feeds(world)


def _give(learner: User, sellable: CoursePage | Membership, **state: Any) -> None:
    """By hand: orders have their own source."""
    by_hand = {"source_kind": Grant.Source.SCHOLARSHIP, "source_id": f"hand-{learner.pk}"}
    give(learner, sellable, **by_hand | state)


def _give_back(world: World, shop: Shop) -> None:
    order, now = world.orders["buyer"], timezone.now()
    finance = factories.UserFactory()
    refund_requests.ask(
        order=order, learner=order.buyer, note=word("refundnote"), now=timezone.now()
    )
    refund_requests.approve(
        order=world.orders["refunded"], reason="on request", actor=finance, now=now
    )
    shop.deliver()


def _to_review(world: World, learner: User, **fields: Any) -> None:
    """Due since long ago."""
    ReviewCard.objects.create(
        learner_id=learner.pk,
        key=NOTE,
        source=str(NOTE),
        page_id=world.paid.pk,
        course_id=world.course.pk,
        created_at=timezone.now(),
        due_on=date(2026, 1, 1),
        **fields,
    )


def _make_feeds(world: World) -> None:
    """Of those who had access, and still have the address; and one that the buyer ended."""
    now = timezone.now()
    for name, key in (
        ("refunded", {"course_id": world.course.pk}),
        ("lapsed", {"membership_id": world.library.pk}),
        ("former", {"membership_id": world.library.pk}),
        ("buyer", {"course_id": world.course.pk}),
    ):
        feed = feeds.make(learner_id=world.people[name].pk, key=key, now=now)
        if name == "buyer":
            feeds.end(feed, because=PodcastFeed.Ended.ASKED, now=now)


def _talk(world: World) -> None:
    """Somebody who has the course quotes the paid lesson."""
    talker = factories.UserFactory(name="说话的人")
    _give(talker, world.course)
    now, place = timezone.now(), places.of_lesson(talker, world.paid.pk)
    said = comments.say(
        author=talker,
        place=place,
        key=NOTE,
        kind="question",
        text=word("talktext"),
        anchor=comments.Anchor(quote=word("text")),
        now=now,
    )
    comments.answer(
        author=talker, to=said, place=place, key=uuid4(), text=word("talkreply"), now=now
    )
    moderation.report(said, reporter=talker, reason="paid", now=now)


def _long_ago(order: Order) -> None:
    """So that lessons show their product cards again (growth.quiet)."""
    order.paid_at = timezone.now() - timedelta(days=2)
    order.save(update_fields=["paid_at"])


def _study(world: World, buyer: User) -> None:
    """The buyer was here before everybody else, and wrote something down."""
    track: Any = world.pages["track"]
    tracks.write_task(
        learner=buyer, track=track, text=word("task"), is_done=True, now=timezone.now()
    )
    Highlight.objects.create(
        learner_id=buyer.pk,
        key=NOTE,
        page_id=world.paid.pk,
        course_id=world.course.pk,
        quote=word("text"),
        thought=word("thought"),
        tags=f" {word('tag')} ",
        created_at=timezone.now(),
        updated_at=timezone.now(),
    )
    _to_review(world, buyer, kind=ReviewCard.Kind.NOTE, front=word("text"))
    question = {"front": word("quizprompt"), "back": word("quizkey"), "why": word("quizwhy")}
    _to_review(world, world.people["lapsed"], kind=ReviewCard.Kind.QUESTION, **question)
    progress.mark(learner=buyer, lesson=world.paid, done=True, now=timezone.now())
    quizzes.start(learner=buyer, lesson=world.paid, now=timezone.now())
