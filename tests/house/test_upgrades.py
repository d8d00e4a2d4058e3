"""The version before runs on the new tables: migrations since the last release only add.

`released.json` names the last released migration of each app (`make released` writes it). What is
refused and what to do instead: docs/development.md.
"""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.apps import apps
from django.db import models
from django.db.migrations import Migration
from django.db.migrations import operations as do
from django.db.migrations.graph import MigrationGraph
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.operations.base import Operation
from django.db.migrations.state import ProjectState
from django.db.models.fields import NOT_PROVIDED

from tests.house.files import ROOT
from tests.proof.released import FILE

TAKES_AWAY = (do.RemoveField, do.DeleteModel, do.RenameField, do.RenameModel, do.AlterModelTable)


def problems(migration: Migration, state: ProjectState) -> Iterator[str]:
    """What of it the old code would not bear; `state` is as before, and is moved on."""
    for operation in migration.operations:
        for inner in _in_the_database(operation):
            if isinstance(inner, TAKES_AWAY) and not hasattr(migration, "not_used_since"):
                yield f"{inner.describe()}: the version before may still use it"
            elif isinstance(inner, do.AddField) and not _may_be_left_out(inner.field):
                yield f"{inner.describe()}: the version before does not fill it"
            elif isinstance(inner, do.AlterField) and not _bears_as_much(inner, migration, state):
                yield f"{inner.describe()}: the version before may leave it empty or make it longer"
            elif isinstance(inner, do.AddConstraint) and not _is_kept(inner, migration):
                yield f"{inner.describe()}: the version before may not keep it"
        operation.state_forwards(migration.app_label, state)


def _in_the_database(operation: Operation) -> list[Operation]:
    if isinstance(operation, do.SeparateDatabaseAndState):
        return list(operation.database_operations)
    return [operation]


def _may_be_left_out(field: models.Field) -> bool:
    if field.many_to_many:
        return True
    return field.null or field.db_default is not NOT_PROVIDED


def _bears_as_much(altered: do.AlterField, migration: Migration, state: ProjectState) -> bool:
    model = state.models[migration.app_label, altered.model_name_lower]
    before, after = model.fields[altered.name], altered.field
    if isinstance(before, models.ManyToManyField):
        return True
    longest = (getattr(each, "max_length", None) or float("inf") for each in (before, after))
    is_shorter = next(longest) > next(longest)
    newly_filled = before.null and not after.null and not _may_be_left_out(after)
    return not (newly_filled or is_shorter or (after.unique and not before.unique))


def _is_kept(added: do.AddConstraint, migration: Migration) -> bool:
    """On a new table, or the migration says why the code before keeps it."""
    created = [each for each in migration.operations if isinstance(each, do.CreateModel)]
    is_on_new = added.model_name_lower in {each.name_lower for each in created}
    return is_on_new or bool(getattr(migration, "kept_before_because", ""))


def ours() -> set[str]:
    """The apps whose migrations are written here."""
    tops = [ROOT / top for top in ("platform", "courses", "payments")]
    return {
        config.label
        for config in apps.get_app_configs()
        if any(Path(config.path).is_relative_to(top) for top in tops)
    }


def found_since(released: dict[str, str]) -> list[str]:
    """The problems of all migrations of ours that came after those named."""
    graph = MigrationLoader(None).graph
    old = {node for last in released.items() for node in graph.forwards_plan(last)}
    state = ProjectState()
    found = []
    for node in _all_in_order(graph):
        migration = graph.nodes[node]
        if node[0] in ours() and node not in old:
            found += [f"{migration}: {problem}" for problem in problems(migration, state)]
        else:
            migration.mutate_state(state, preserve=False)
    return found


def _all_in_order(graph: MigrationGraph) -> list[tuple[str, str]]:
    plan: dict[tuple[str, str], None] = {}
    for leaf in graph.leaf_nodes():
        plan |= dict.fromkeys(graph.forwards_plan(leaf))
    return list(plan)


def test_the_version_before_runs_on_the_new_tables() -> None:
    assert found_since(json.loads(FILE.read_text())) == []


def test_what_is_released_is_there() -> None:
    nodes = MigrationLoader(None).graph.nodes
    assert [last for last in json.loads(FILE.read_text()).items() if last not in nodes] == []


OLD = [
    do.CreateModel(
        "Thing",
        fields=[
            ("id", models.BigAutoField(primary_key=True)),
            ("name", models.CharField(max_length=20)),
            ("note", models.CharField(max_length=20, null=True)),
        ],
    )
]
CHAR = models.CharField


@pytest.mark.parametrize(
    "operation",
    [
        do.RemoveField("Thing", "name"),
        do.RenameField("Thing", "name", "title"),
        do.DeleteModel("Thing"),
        do.RenameModel("Thing", "Other"),
        do.AlterModelTable("Thing", "other"),
        do.AddField("Thing", "colour", CHAR(max_length=9)),
        do.AddField("Thing", "colour", CHAR(max_length=9, default="red")),
        do.AlterField("Thing", "note", CHAR(max_length=20)),
        do.AlterField("Thing", "name", CHAR(max_length=10)),
        do.AlterField("Thing", "name", CHAR(max_length=20, unique=True)),
        do.AddConstraint("Thing", models.UniqueConstraint(fields=["name"], name="once")),
        do.SeparateDatabaseAndState([do.RemoveField("Thing", "name")]),
    ],
    ids=lambda operation: operation.describe(),
)
def test_what_the_version_before_cannot_bear_is_found(operation: Operation) -> None:
    assert len(list(problems(*_after_old(operation)))) == 1


@pytest.mark.parametrize(
    "operation",
    [
        do.CreateModel("Other", fields=[("id", models.BigAutoField(primary_key=True))]),
        do.AddField("Thing", "colour", CHAR(max_length=9, null=True)),
        do.AddField("Thing", "colour", CHAR(max_length=9, db_default="red")),
        do.AlterField("Thing", "name", CHAR(max_length=40)),
        do.AlterField("Thing", "name", CHAR(max_length=20, null=True)),
        do.AlterField("Thing", "note", CHAR(max_length=20, db_default="")),
        do.AddIndex("Thing", models.Index(fields=["name"], name="by_name")),
        do.SeparateDatabaseAndState(state_operations=[do.RemoveField("Thing", "name")]),
    ],
    ids=lambda operation: operation.describe(),
)
def test_what_it_does_not_notice_may_be_done(operation: Operation) -> None:
    assert list(problems(*_after_old(operation))) == []


def test_what_no_released_version_uses_may_go() -> None:
    migration, state = _after_old(do.RemoveField("Thing", "name"))
    migration.not_used_since = "1.4"
    assert list(problems(migration, state)) == []


def test_a_constraint_may_come_that_the_version_before_keeps() -> None:
    constraint = models.CheckConstraint(condition=~models.Q(colour="red"), name="not_red")
    migration, state = _after_old(do.AddConstraint("Thing", constraint))
    migration.kept_before_because = "the column is new"
    assert list(problems(migration, state)) == []


def _after_old(operation: Operation) -> tuple[Migration, ProjectState]:
    state = ProjectState()
    OLD[0].state_forwards("things", state)
    made = type("Made", (Migration,), {"operations": [operation]})
    return made("0002_made", "things"), state
