"""Entering what learners do into their ledger (学习账本), for good.

An entry bears its own words, so no later change of a course changes it; the database refuses to
change one (see apps.py). Its key names what happened: entered twice, it stands once.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any

from django.db.models import Count, Max, Prefetch, Q

from accounts.models import User
from courses.models import CoursePage, Discipline, LessonPage
from courses.queries import GROUND_ORDER, withdrawn_here, withdrawn_lessons
from learning import days
from learning.models import LedgerEntry, LessonProgress
from learning.queries import lessons_in

Kind = LedgerEntry.Kind


@dataclass(frozen=True)
class Named:
    """A course as it is called now."""

    title: str = ""
    disciplines: list[dict[str, str]] = field(default_factory=list)
    planned: int = 0


def append(
    *,
    learner: User,
    kind: str,
    key: str,
    at: datetime,
    course_id: int | None = None,
    lesson_id: int | None = None,
    words: str = "",
) -> None:
    """Enter one thing that happened; `key` names it among the learner's, whoever enters it again.

    Call it in the transaction that makes it a fact.
    """
    thing = {"kind": kind, "at": at, "course_id": course_id, "lesson_id": lesson_id}
    titles = named([course_id] if course_id else [])
    _enter(learner, [thing | {"key": key, "words": words}], titles)


def enter_marks(
    learner: User, lesson_ids: Iterable[int] | None = None, *, is_afterwards: bool = False
) -> None:
    """Enter each lesson that is done, and each course that is whole with them, unless it is there.

    `lesson_ids`: those that became done; None: whichever are done and not entered (two queries
    when there are none).
    """
    done = LessonProgress.objects.filter(learner_id=learner.pk, done_at__isnull=False)
    if lesson_ids is not None:
        done = done.filter(lesson_id__in=lesson_ids)
    things: list[dict[str, Any]] = [
        {
            "kind": Kind.LESSON_DONE,
            "key": f"done:{lesson_id}:{_at(at)}",
            "at": at,
            "lesson_id": lesson_id,
            "course_id": course_id,
            "is_afterwards": is_afterwards,
        }
        for lesson_id, course_id, at in done.values_list("lesson_id", "course_id", "done_at")
        if at
    ]
    if lesson_ids is None and things:
        there = LedgerEntry.objects.filter(
            learner_id=learner.pk, site_address="", kind=Kind.LESSON_DONE
        )
        known = set(there.values_list("key", flat=True))
        things = [thing for thing in things if _key(learner, thing["key"]) not in known]
    if things:
        titles = named({thing["course_id"] for thing in things})
        whole = _whole_courses(learner, titles, is_afterwards=is_afterwards)
        _enter(learner, [*things, *whole], titles)


def named(course_ids: Iterable[int]) -> dict[int, Named]:
    """The courses that are there (two queries)."""
    in_order = Discipline.objects.order_by(*GROUND_ORDER)
    pages = (
        CoursePage.objects.filter(pk__in=course_ids)
        .annotate(withdrawn_lessons=withdrawn_here())
        .prefetch_related(Prefetch("disciplines", queryset=in_order))
    )
    return {
        page.pk: Named(
            page.title,
            [{"slug": each.slug, "name": each.name} for each in page.disciplines.all()],
            page.lessons_in_all,
        )
        for page in pages
    }


def study_entry(
    learner: User, day: date, now: datetime, *, before: int, seconds: int, course_id: int | None
) -> LedgerEntry:
    """So many seconds more on a day of which `before` seconds were entered; unsaved."""
    return LedgerEntry(
        learner_id=learner.pk,
        key=_key(learner, f"study:{day}:{before}:{course_id or 0}"),
        kind=Kind.STUDY,
        day=day,
        at=now,
        seconds=seconds,
        course_id=course_id,
        is_afterwards=course_id is None,
    )


def _whole_courses(
    learner: User, titles: dict[int, Named], *, is_afterwards: bool
) -> list[dict[str, Any]]:
    """Those of which every lesson is done, by the measure of the study page."""
    rows = (
        LessonProgress.objects.filter(learner_id=learner.pk, course_id__in=titles)
        .order_by()
        .values_list("course_id")
        .annotate(
            done=Count("done_at", filter=~Q(lesson_id__in=withdrawn_lessons().values("pk"))),
            last=Max("done_at"),
        )
    )
    lessons = lessons_in(titles)
    return [
        {
            "kind": Kind.COURSE_DONE,
            "key": f"course_done:{course_id}:{_at(last)}",
            "at": last,
            "course_id": course_id,
            "is_afterwards": is_afterwards,
        }
        for course_id, done, last in rows
        if course_id in lessons and done >= max(lessons[course_id], titles[course_id].planned, 1)
    ]


def _enter(learner: User, things: list[dict[str, Any]], titles: dict[int, Named]) -> None:
    ids = {thing["lesson_id"] for thing in things if thing.get("lesson_id")}
    lessons = dict(LessonPage.objects.filter(pk__in=ids).values_list("pk", "title"))
    zone = days.zone_of(learner)
    entries = []
    for thing in things:
        course = titles.get(thing["course_id"] or 0, Named())
        key = _key(learner, thing.pop("key"))
        entries.append(
            LedgerEntry(
                **thing,
                learner_id=learner.pk,
                key=key,
                day=days.day_of(thing["at"], zone),
                course=course.title,
                disciplines=course.disciplines,
                lesson=lessons.get(thing.get("lesson_id") or 0, ""),
            )
        )
    LedgerEntry.objects.bulk_create(entries, ignore_conflicts=True)


def _key(learner: User, key: str) -> str:
    """No other account's of this site, for who brings entries from one to another."""
    return f"{learner.pk}:{key}"


def _at(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat()
