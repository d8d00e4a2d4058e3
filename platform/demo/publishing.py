"""Putting the demo content on the site, as an editor would. Saying it twice changes nothing."""

from datetime import date
from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.files import File
from wagtail.models import Page
from wagtail.rich_text import RichText

from courses.models import (
    ArticleIndexPage,
    ArticlePage,
    Bundle,
    BundleCourse,
    CataloguePage,
    Chapter,
    CoursePage,
    Discipline,
    Instructor,
    LessonPage,
    Membership,
    PrivateMedia,
    TrackIndexPage,
    TrackPage,
)
from demo import content
from demo.content import CONTENT, Text
from pages import texts
from pages.home import HomePage
from pages.models import PlainPage, SiteSettings

VOICE = "合成语音"


def publish_subjects() -> None:
    for order, facts in enumerate(content.read_toml(CONTENT / "disciplines.toml")["discipline"]):
        Discipline.objects.get_or_create(
            slug=facts["slug"],
            defaults={
                "name": facts["name"],
                "summary": facts["summary"],
                "ground": facts["slug"],
                "sort_order": order,
            },
        )
    for facts in content.read_toml(CONTENT / "instructors.toml")["instructor"]:
        Instructor.objects.get_or_create(
            slug=facts["slug"],
            defaults={"name": facts["name"], "line": facts["line"], "biography": facts["bio"]},
        )


def publish_membership() -> Membership:
    membership, _ = Membership.objects.get_or_create(
        slug="all",
        defaults={
            "name": "全部课程",
            "promise": "一个会员，全部课程",
            "includes": (
                "全部课程的每一讲，音频和文字\n"
                "会员期内上线的新课\n"
                "每一讲的附件，可以下载\n"
                "学习进度在每台设备上接着走\n"
                "随时可以取消，已付的时间照常使用"
            ),
            "excludes": "会员到期后，会员课不能再打开",
        },
    )
    return membership


def course_folders() -> list[Path]:
    return sorted(path for path in (CONTENT / "courses").iterdir() if path.is_dir())


def publish_course(folder: Path, membership: Membership) -> CoursePage:
    facts = content.read_toml(folder / "course.toml")
    catalogue = CataloguePage.objects.get()
    page = CoursePage.objects.filter(slug=facts["slug"]).first()
    page = page or CoursePage(slug=facts["slug"])
    fields = {
        "title": facts["title"],
        "subtitle": facts["subtitle"],
        "promise": facts["promise"],
        "form": facts["form"],
        "for_whom": "\n".join(facts["for_whom"]),
        "introduction": content.html(content.split(facts["intro"])),
        "instructor": Instructor.objects.get(slug=facts["instructor"]),
        "planned_lessons": facts["lessons_total"],
        "gives_certificate": facts.get("certificate", False),
        "questions": [
            ("faq", {"question": each["q"], "answer": each["a"]}) for each in facts["questions"]
        ],
    }
    page.chapters = [
        Chapter(key=UUID(chapter["key"]), title=chapter["title"], sort_order=order)
        for order, chapter in enumerate(facts["chapters"])
    ]
    page.disciplines = [Discipline.objects.get(slug=facts["discipline"])]
    page.memberships = [membership]
    _publish(page, catalogue, fields)
    return page


def publish_bundle() -> Bundle:
    """All three courses at one price."""
    bundle, made = Bundle.objects.get_or_create(
        slug="san-men-ke",
        defaults={
            "title": "三门课一起学",
            "promise": "一个人，一群人，一座城",
            "description": "先把自己练扎实，再看人怎么聚成群，最后看一座城怎么运转。顺序随你。",
        },
    )
    if made:
        for position, folder in enumerate(course_folders()):
            course = find_course(folder.name)
            BundleCourse.objects.create(bundle=bundle, course=course, sort_order=position)
    return bundle


def lesson_files(folder: Path) -> list[Path]:
    return sorted(folder.glob("[0-9][0-9].md"))


def publish_lesson(path: Path, course: CoursePage) -> LessonPage:
    text = content.read(path)
    facts = text.facts
    page = LessonPage.objects.child_of(course).filter(slug=facts["slug"]).first()
    page = page or LessonPage(slug=facts["slug"])
    fields = {
        "title": facts["title"],
        "kind": facts["kind"],
        "free_preview": facts["free"],
        "chapter_key": UUID(facts["chapter"]) if facts["chapter"] else None,
        "question": facts["question"],
        "summary": facts["summary"],
        "body": _rich(content.stream(text.blocks, _find)),
        "quiz": content.quiz(path),
        "transcript": path.with_suffix(".vtt").read_text(encoding="utf-8"),
        "audio": _recording(path.with_suffix(".mp3"), f"{course.title} · {facts['title']}"),
        "voice_note": VOICE,
    }
    _publish(page, course, fields)
    return page


def publish_article(path: Path) -> ArticlePage:
    text: Text = content.read(path)
    facts = text.facts
    page = ArticlePage.objects.filter(slug=facts["slug"]).first()
    page = page or ArticlePage(slug=facts["slug"])
    fields = {
        "title": facts["title"],
        "summary": facts["summary"],
        "author": facts["author"],
        "published_on": date.fromisoformat(facts["date"]),
        "body": _rich(content.stream(text.blocks, _find)),
    }
    _publish(page, ArticleIndexPage.objects.get(), fields)
    return page


def publish_track(path: Path) -> TrackPage:
    """A stage's items are courses (`slug`) and lessons (`course/lesson`)."""
    text = content.read(path)
    facts = text.facts
    page = TrackPage.objects.filter(slug=facts["slug"]).first()
    page = page or TrackPage(slug=facts["slug"])
    fields = {
        "title": facts["title"],
        "aim": facts["aim"],
        "introduction": content.html(text.blocks),
        "stages": [
            ("stage", {**stage, "items": [_find_taught(item) for item in stage["items"]]})
            for stage in facts["stages"]
        ],
        "last_task_title": facts["last_task_title"],
        "last_task": facts["last_task"].strip(),
    }
    _publish(page, TrackIndexPage.objects.get(), fields)
    return page


def track_files() -> list[Path]:
    return sorted((CONTENT / "tracks").glob("*.md"))


def _find_taught(item: str) -> CoursePage | LessonPage:
    course, _, lesson = item.partition("/")
    page = find_course(course)
    return LessonPage.objects.child_of(page).get(slug=lesson) if lesson else page


def find_course(slug: str) -> CoursePage:
    return CoursePage.objects.get(slug=slug)


def publish_texts() -> None:
    """The publisher's name, seal and legal texts, in place of the neutral ones."""
    for path in sorted((CONTENT / "pages").glob("*.md")):
        text = content.read(path)
        page = PlainPage.objects.get(slug=text.facts["slug"])
        if not texts.is_untouched(page.slug, page.body):
            continue  # edited since
        fields = {
            "title": text.facts["title"],
            "version": date.fromisoformat(text.facts["version"]),
            "body": content.html(text.blocks),
        }
        _put(page, fields)
    chosen = SiteSettings.objects.get(site__is_default_site=True)
    chosen.name = chosen.name or "日知书社"
    chosen.seal = chosen.seal or "知"
    chosen.tagline = chosen.tagline or "日知其所亡，月无忘其所能"
    chosen.contact_email = chosen.contact_email or "hello@example.com"
    chosen.save()


def publish_home() -> None:
    course = find_course("yiqun-ren")
    free = LessonPage.objects.child_of(course).get(slug="00")
    fields = {
        "title": "日知书社",
        "body": [
            ("going_on", None),
            (
                "hero",
                {
                    "heading": "日知其所亡，月无忘其所能",
                    "text": "每天二十分钟，听一讲，想一个问题。先听，再决定要不要买。",
                    "page": None,
                    "label": "",
                    "visitors_only": True,
                },
            ),
            ("free_lesson", {"lesson": free, "line": free.summary}),
            ("tracks", {"heading": ""}),
            ("courses", {"heading": "", "courses": []}),
            ("disciplines", {"heading": ""}),
            ("articles", {"heading": ""}),
            ("membership", {"line": "一个会员，全部课程"}),
        ],
    }
    _publish(HomePage.objects.get(), None, fields)


def _find(kind: str, slug: str) -> CoursePage | Membership:
    if kind == "course":
        return CoursePage.objects.get(slug=slug)
    return Membership.objects.get(slug=slug)


def _rich(blocks: list[tuple[str, Any]]) -> list[tuple[str, Any]]:
    for name, value in blocks:
        if name == "callout":
            value["text"] = RichText(value["text"])
    return [(name, RichText(value) if name == "text" else value) for name, value in blocks]


def _recording(path: Path, title: str) -> PrivateMedia:
    found = PrivateMedia.objects.filter(title=title).first()
    if found and found.file.size == path.stat().st_size:
        return found
    media = found or PrivateMedia(title=title, type="audio")
    with path.open("rb") as handle:
        media.file = File(handle, name=f"{path.parent.name}-{path.name}")
        media.full_clean(exclude=["collection"])
        media.save()
    return media


def _publish(page: Page, parent: Page | None, fields: dict[str, Any]) -> None:
    """Save and publish when something is new; what editors changed since is theirs."""
    if page.pk and page.latest_revision_id:
        return
    _put(page, fields, parent)


def _put(page: Page, fields: dict[str, Any], parent: Page | None = None) -> None:
    for name, value in fields.items():
        setattr(page, name, value)
    if page.pk is None and parent is not None:
        parent.add_child(instance=page)
    page.save_revision().publish()
