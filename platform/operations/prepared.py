"""Queries that stand behind page after page: made into SQL once, asked with other values each time.

For a small query Django takes longer to write the SQL than the database to answer it.
"""

from collections.abc import Callable
from copy import copy
from dataclasses import dataclass
from typing import Any

from django.db import connections
from django.db.models import Expression, Field, QuerySet
from django.db.models.sql.compiler import SQLCompiler


class Given(Expression):
    """Stands in a query for a value that is told when it is asked; not for None, which SQL asks for
    in other words."""

    def __init__(self, name: str, output_field: Field[Any, Any]) -> None:
        super().__init__(output_field=output_field)
        self.name = name

    def as_sql(self, compiler: SQLCompiler, connection: Any) -> tuple[str, tuple[Any, ...]]:
        return "%s", (self,)


@dataclass(frozen=True)
class _Made:
    compiler: SQLCompiler
    sql: str
    params: tuple[Any, ...]


class Prepared:
    """`make` gives a query by `values_list` with `Given` in it; it is called once a database."""

    def __init__(self, make: Callable[[], QuerySet[Any, Any]]) -> None:
        self._make = make
        self._query: QuerySet[Any, Any] | None = None
        self._made: dict[str, _Made] = {}

    def rows(self, **values: Any) -> list[tuple[Any, ...]]:
        """One query. Raises KeyError for a value that is not told."""
        if self._query is None:
            self._query = self._make()
        alias = self._query.db  # as the routers have it now
        made = self._made.get(alias)
        if made is None:
            made = self._made[alias] = self._compile(self._query, alias)
        connection = connections[alias]
        params = [
            each.output_field.get_db_prep_value(values[each.name], connection)
            if isinstance(each, Given)
            else each
            for each in made.params
        ]
        compiler = copy(made.compiler)  # which was made for the connection of another thread
        compiler.connection = connection
        with connection.cursor() as cursor:
            cursor.execute(made.sql, params)
            return [tuple(row) for row in compiler.results_iter([cursor.fetchall()])]

    @staticmethod
    def _compile(query: QuerySet[Any, Any], alias: str) -> _Made:
        compiler = query.query.get_compiler(alias)
        sql, params = compiler.as_sql()
        return _Made(compiler, sql, tuple(params))
