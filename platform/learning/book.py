"""Reading the ledger: what stands in it by day, by discipline, by year."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property

from django.db.models import Sum

from courses.models import Discipline
from learning import streaks
from learning.models import LedgerEntry
from learning.study_time import STUDY_DAY

Kind = LedgerEntry.Kind


@dataclass(frozen=True)
class Mark:
    """A lesson or a course done, not taken back since."""

    day: date
    title: str
    disciplines: dict[str, str]  # names by slug


@dataclass
class Standing:
    lessons: list[Mark]
    courses: list[Mark]


@dataclass
class Day:
    seconds: int = 0
    lessons: int = 0

    @property
    def minutes(self) -> int:
        return self.seconds // 60


@dataclass(frozen=True)
class Year:
    number: int
    days: dict[date, Day]
    courses: list[Mark] = field(default_factory=list)

    @property
    def study_days(self) -> list[date]:
        return [day for day, told in self.days.items() if told.seconds >= STUDY_DAY]

    @cached_property
    def seconds(self) -> int:
        return sum(told.seconds for told in self.days.values())

    @property
    def minutes(self) -> int:
        return self.seconds // 60

    @cached_property
    def lessons(self) -> int:
        return sum(told.lessons for told in self.days.values())

    @property
    def longest(self) -> int:
        return streaks.longest(self.study_days)

    @cached_property
    def months(self) -> list[int]:
        """Minutes of each of the twelve."""
        seconds = [0] * 12
        for day, told in self.days.items():
            seconds[day.month - 1] += told.seconds
        return [each // 60 for each in seconds]


@dataclass
class Field:
    """A discipline on the map; `parts` are those below it, and count in it, too."""

    name: str
    slug: str
    is_here: bool = True  # on this site, now
    seconds: int = 0
    lessons: int = 0
    parts: list["Field"] = field(default_factory=list)

    @property
    def is_touched(self) -> bool:
        return bool(self.seconds or self.lessons)

    @property
    def minutes(self) -> int:
        return self.seconds // 60


def years(learner_id: int) -> list[int]:
    """Those with an entry, the newest first (one query)."""
    entries = LedgerEntry.objects.filter(learner_id=learner_id)
    return [day.year for day in entries.dates("day", "year", order="DESC")]


def standing(learner_id: int) -> Standing:
    """What is done, in order: marks taken back are gone, and a course with them (one query)."""
    lessons: dict[tuple[str, object], Mark] = {}
    courses: dict[tuple[str, object], Mark] = {}
    rows = LedgerEntry.objects.filter(learner_id=learner_id).exclude(kind=Kind.STUDY)
    columns = ("kind", "site_address", "lesson_id", "course_id", "key", "day", "course", "lesson")
    told = rows.order_by("at", "key").values_list(*columns, "disciplines")
    for kind, site, lesson_id, course_id, key, day, course, lesson, disciplines in told:
        names = _names(disciplines)
        in_course = site, course_id or key
        if kind == Kind.LESSON_DONE:
            lessons.setdefault((site, lesson_id or key), Mark(day, lesson, names))
        elif kind == Kind.LESSON_UNDONE:
            lessons.pop((site, lesson_id or key), None)
            courses.pop(in_course, None)
        elif kind == Kind.COURSE_DONE:
            courses.setdefault(in_course, Mark(day, course, names))
    return Standing([*lessons.values()], [*courses.values()])


def year(learner_id: int, number: int) -> Year:
    """Its days on which something was entered, in order (two queries)."""
    rows = (
        LedgerEntry.objects.filter(learner_id=learner_id, day__year=number)
        .order_by("day")
        .values_list("day")
        .annotate(seconds=Sum("seconds"))
    )
    days: dict[date, Day] = defaultdict(Day)
    for day, seconds in rows:
        days[day].seconds = seconds
    done = standing(learner_id)
    for mark in done.lessons:
        if mark.day.year == number:
            days[mark.day].lessons += 1
    courses = [mark for mark in done.courses if mark.day.year == number]
    return Year(number, dict(sorted(days.items())), courses)


def fields(learner_id: int, *, year: int | None = None) -> list[Field]:
    """The map: the site's disciplines in their order, then what else the book names (three
    queries). An entry counts in each discipline of its course."""
    found, top_of = _site_map()
    entries = LedgerEntry.objects.filter(learner_id=learner_id, kind=Kind.STUDY)
    if year:
        entries = entries.filter(day__year=year)
    sums = entries.order_by().values_list("disciplines").annotate(seconds=Sum("seconds"))
    for disciplines, seconds in sums:
        for told in _told(found, top_of, _names(disciplines)):
            told.seconds += seconds
    for mark in standing(learner_id).lessons:
        if year is None or mark.day.year == year:
            for told in _told(found, top_of, mark.disciplines):
                told.lessons += 1
    return [each for slug, each in found.items() if slug not in top_of]


def _site_map() -> tuple[dict[str, Field], dict[str, str]]:
    """Every discipline by its slug, and which one stands over which."""
    rows = list(Discipline.objects.order_by("sort_order", "name"))
    by_pk = {each.pk: each for each in rows}
    found = {each.slug: Field(each.name, each.slug) for each in rows}
    top_of = {each.slug: by_pk[each.parent_id].slug for each in rows if each.parent_id in by_pk}
    for slug, top in top_of.items():
        found[top].parts.append(found[slug])
    return found, top_of


def _names(disciplines: list[dict[str, str]]) -> dict[str, str]:
    return {each["slug"]: each["name"] for each in disciplines}


def _told(found: dict[str, Field], top_of: dict[str, str], names: dict[str, str]) -> list[Field]:
    """These and all over them, each once."""
    whole: dict[str, None] = {}
    for slug in names:
        each: str | None = slug
        while each and each not in whole:
            whole[each] = None
            each = top_of.get(each)
    for slug in whole:
        if slug not in found:
            found[slug] = Field(names[slug], slug, is_here=False)
    return [found[slug] for slug in whole]
