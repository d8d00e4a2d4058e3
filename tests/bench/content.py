"""A site of some size: courses with the demo's own texts and sound, learners who study them."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from django.core.files import File
from django.utils import timezone

from accounts.models import User
from courses.models import (
    ArticleIndexPage,
    ArticlePage,
    Chapter,
    CoursePage,
    Discipline,
    Grant,
    Instructor,
    LessonPage,
    PrivateMedia,
)
from demo import content, publishing
from learning.models import LessonProgress, PlaySession
from tests import factories
from tests.payments.factories import course_price, membership_prices

Say = Callable[[str], None]
PEOPLE = 24  # as many as the floor page lists
CHAPTERS = [UUID(int=number) for number in range(1, 5)]
HEARD = 8  # lessons that each learner has begun


@dataclass(frozen=True)
class Size:
    courses: int = 60
    lessons: int = 40  # of the long course; the others have five
    learners: int = 2000


@dataclass(frozen=True)
class Content:
    course: CoursePage  # the long one, which every learner bought
    free: LessonPage
    paid: list[LessonPage]
    article: ArticlePage
    learners: list[User]


def build(size: Size, *, say: Say) -> Content:
    publishing.publish_subjects()
    publishing.publish_texts()
    for _ in range(PEOPLE - Instructor.objects.count()):
        factories.InstructorFactory(line="写字的人，教书的人，每天走一点路。")
    membership_prices(factories.MembershipFactory(slug="all"))
    texts = _texts()
    say(f"{size.courses} courses")
    for number in range(1, size.courses):
        _course(number, texts[number % len(texts) :] + texts, lessons=5)
    say(f"a course of {size.lessons} lessons")
    course = _course(0, texts + texts, lessons=size.lessons, sound=_recordings(texts))
    body = content.stream(texts[0].blocks)
    article = factories.ArticleFactory(
        parent=ArticleIndexPage.objects.get(), summary=texts[0].facts["summary"], body=body
    )
    say(f"{size.learners} learners")
    free, *paid = LessonPage.objects.child_of(course).select_related("audio").order_by("path")
    learners = _learners(size.learners, course, paid)
    return Content(course, free, paid, article, learners)


def _texts() -> list[content.Text]:
    folders = publishing.course_folders()
    return [content.read(file) for each in folders for file in publishing.lesson_files(each)]


def _recordings(texts: list[content.Text]) -> list[tuple[PrivateMedia, str]]:
    """The sound of the demo's first course, each with what is said in it."""
    files: list[Path] = publishing.lesson_files(publishing.course_folders()[-1])
    found = []
    for file in files:
        with file.with_suffix(".mp3").open("rb") as sound:
            media = factories.MediaFactory(file=File(sound, name=f"{file.stem}.mp3"), duration=480)
        found.append((media, file.with_suffix(".vtt").read_text(encoding="utf-8")))
    return found


def _course(
    number: int,
    texts: list[content.Text],
    *,
    lessons: int,
    sound: list[tuple[PrivateMedia, str]] | None = None,
) -> CoursePage:
    text = texts[0]
    subjects = list(Discipline.objects.all())
    course = factories.course(
        title=f"{text.facts['title']} {number}",
        promise=(text.facts["question"] or text.facts["summary"])[:40],
        instructor=Instructor.objects.order_by("pk")[number % PEOPLE],
        disciplines=[subjects[number % len(subjects)]],
        chapters=[Chapter(key=key, title=f"第 {at} 章") for at, key in enumerate(CHAPTERS, 1)],
    )
    for at in range(lessons):
        media, transcript = sound[at % len(sound)] if sound else (None, "")
        _lesson(course, at, texts[at % len(texts)], lessons, audio=media, transcript=transcript)
    course_price(course)
    return course


def _lesson(
    course: CoursePage, number: int, text: content.Text, of: int, **recorded: Any
) -> LessonPage:
    return factories.lesson(
        course,
        title=text.facts["title"],
        summary=text.facts["summary"],
        question=text.facts["question"],
        chapter_key=CHAPTERS[number * len(CHAPTERS) // of],
        free_preview=number == 0,
        body=content.stream(text.blocks),
        seconds=480,
        characters=1500,
        **recorded,
    )


def _learners(number: int, course: CoursePage, lessons: list[LessonPage]) -> list[User]:
    """Each bought the course and has heard a part of some of its lessons."""
    now = timezone.now()
    learners = User.objects.bulk_create(
        User(email=f"learner{each}@example.com", name=f"学员{each}") for each in range(number)
    )
    Grant.objects.bulk_create(
        Grant(
            learner=each,
            course=course,
            source_kind=Grant.Source.PURCHASE,
            source_id=f"order-{each.pk}",
            starts_at=now - timedelta(days=30),
        )
        for each in learners
    )
    begun = [(each, lesson) for each in learners for lesson in lessons[:HEARD]]
    PlaySession.objects.bulk_create([_session(*each, now) for each in begun], batch_size=2000)
    LessonProgress.objects.bulk_create(
        [_progress(*each, course, now) for each in begun], batch_size=2000
    )
    return learners


def _session(learner: User, lesson: LessonPage, now: Any) -> PlaySession:
    return PlaySession(
        learner_id=learner.pk,
        lesson_id=lesson.pk,
        session=uuid4(),
        seq=20,
        ranges=[[0.0, 120.0], [150.0, 270.0]],
        duration=480.0,
        position=270.0,
        wall=240.0,
        read_to=0.0,
        day=now.date(),
        started_at=now - timedelta(hours=1),
        updated_at=now - timedelta(minutes=50),
        is_folded=True,
    )


def _progress(learner: User, lesson: LessonPage, course: CoursePage, now: Any) -> LessonProgress:
    return LessonProgress(
        learner_id=learner.pk,
        lesson_id=lesson.pk,
        course_id=course.pk,
        ranges=[[0.0, 120.0], [150.0, 270.0]],
        heard=240.0,
        duration=480.0,
        position=270.0,
        position_at=now - timedelta(minutes=50),
        studied_at=now - timedelta(minutes=50),
    )
