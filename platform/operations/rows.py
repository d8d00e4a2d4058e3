"""Rows that are seldom there, asked for again and again."""

from collections.abc import Iterator

from django.db.models import Model, QuerySet


def each[M: Model](rows: QuerySet[M], *, at_a_time: int | None = None) -> Iterator[M]:
    """The rows, all at once or `at_a_time`. Whether there are any is asked first, without their
    columns and what is read beside them: a fraction of the work, where there are none."""
    if rows.exists():
        yield from rows if at_a_time is None else rows.iterator(chunk_size=at_a_time)
