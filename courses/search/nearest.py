"""What somebody who found nothing may have meant: a word of titles and names, nearly the same.

Titles have no spaces, so every stretch of one that is about as long as the query is a candidate;
whole names of disciplines and instructors go first, then what stands in more titles.
"""

from collections.abc import Iterable
from itertools import islice

from django.db.models import F, IntegerField, Value

from courses.models import Discipline, Instructor
from courses.search import segments
from courses.search.matching import Query
from courses.search.queries import findable

MOST = 2_000  # names and newest titles that are looked through
DISCIPLINES, INSTRUCTORS, TITLES = range(3)  # whose words go first
RUNS = 4  # of a query that are looked at
SHORT = 4  # characters; so far one may differ, beyond it two


def suggestion(query: Query) -> str:
    """The query with its unknown words replaced by near known ones; "" if there are none (one
    query)."""
    names = _names()
    folded, origins = segments.fold(query.text)
    text, done, changed = "", 0, False
    known = "\n".join(segments.fold(name)[0] for _, name in names)
    for match in islice(segments.RUN.finditer(folded), RUNS):
        run, start, end = match.group(), origins[match.start()], origins[match.end() - 1] + 1
        near = "" if run in known else nearest(run, names)
        text += query.text[done:start] + (near or query.text[start:end])
        done, changed = end, changed or bool(near)
    return text + query.text[done:] if changed else ""


def _names() -> list[tuple[int, str]]:
    def ranked(rows: object, rank: int, field: str) -> object:
        return rows.annotate(  # type: ignore[attr-defined]
            rank=Value(rank, output_field=IntegerField()), key=F("pk"), words=F(field)
        ).values_list("rank", "key", "words")

    rows = ranked(Discipline.objects.order_by(), DISCIPLINES, "name").union(  # type: ignore[attr-defined]
        ranked(Instructor.objects.order_by(), INSTRUCTORS, "name"),
        ranked(findable().order_by(), TITLES, "title"),
        all=True,
    )
    return [(rank, words) for rank, _, words in rows.order_by("rank", "-key")[:MOST]]


def nearest(run: str, names: Iterable[tuple[int, str]]) -> str:
    """The stretch of these names that differs least from `run`; "" if all differ much."""
    limit = 1 if len(run) <= SHORT else 2
    if len(run) <= limit:
        return ""
    # Stretch → differences, of them in length, rank, how often (negative).
    best: dict[str, list[int]] = {}
    for rank, name in names:
        for stretch, is_whole in _stretches(name, run, limit):
            entry = best.get(stretch)
            if entry is None:
                longer = abs(len(stretch) - len(run))
                entry = best[stretch] = [differences(run, stretch, limit), longer, TITLES, 0]
            entry[2] = min(entry[2], rank if is_whole else TITLES)
            entry[3] -= 1
    fitting = [(entry, stretch) for stretch, entry in best.items() if 0 < entry[0] <= limit]
    return min(fitting)[1] if fitting else ""


def _stretches(name: str, run: str, limit: int) -> Iterable[tuple[str, bool]]:
    """Parts of a name that are about as long as `run` and share enough letters with it."""
    enough = len(run) - limit
    for other in segments.runs(name):
        if segments.is_han(other) != segments.is_han(run):
            continue
        if not segments.is_han(run):
            if abs(len(other) - len(run)) <= limit:
                yield other, True
            continue
        for length in {len(run), *((len(run) - 1, len(run) + 1) if len(run) > 2 else ())}:
            for at in range(len(other) - length + 1):
                part = other[at : at + length]
                if sum(letter in part for letter in run) >= enough:
                    yield part, part == other


def differences(one: str, other: str, limit: int) -> int:
    """How many letters to change, add, leave out or swap with a neighbour; more than `limit` is
    not counted on."""
    if abs(len(one) - len(other)) > limit:
        return limit + 1
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, letter in enumerate(one, start=1):
        last, before, row = before, row, [i]
        for j, its in enumerate(other, start=1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (letter != its))
            if i > 1 and j > 1 and letter == other[j - 2] and one[i - 2] == its:
                cost = min(cost, last[j - 2] + 1)
            row.append(cost)
        if min(row) > limit:
            return limit + 1
    return row[-1]
