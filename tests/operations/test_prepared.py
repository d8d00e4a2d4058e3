"""Queries whose SQL is made once: they give what the ORM's own give, for whichever values."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection
from django.db.models import BigIntegerField, DateTimeField, Q, Value
from django.test.utils import CaptureQueriesContext
from pytest_django import DjangoAssertNumQueries

from accounts.models import User
from operations.prepared import Given, Prepared
from tests import factories

NOON = datetime(2026, 2, 28, 12, tzinfo=UTC)
OF_PERSON = Prepared(
    lambda: (
        User.objects.filter(pk=Given("person", BigIntegerField()))
        .filter(Q(last_login=None) | Q(last_login__gt=Given("now", DateTimeField())))
        .values_list("email", "last_login", Value(True))
    )
)


@pytest.mark.django_db
def test_gives_rows_as_the_orm_would(django_assert_num_queries: DjangoAssertNumQueries) -> None:
    never = factories.UserFactory(email="never@example.com")
    once = factories.UserFactory(email="once@example.com")
    User.objects.filter(pk=once.pk).update(last_login=NOON)
    with django_assert_num_queries(3):
        assert OF_PERSON.rows(person=never.pk, now=NOON) == [("never@example.com", None, True)]
        before = NOON - timedelta(seconds=1)
        assert OF_PERSON.rows(person=once.pk, now=before) == [("once@example.com", NOON, True)]
        assert OF_PERSON.rows(person=once.pk, now=NOON) == []


@pytest.mark.django_db
def test_sql_is_made_once() -> None:
    made = []

    def make() -> Any:
        made.append(1)
        return User.objects.filter(pk=Given("person", BigIntegerField())).values_list("pk")

    prepared = Prepared(make)
    with CaptureQueriesContext(connection) as asked:
        assert [prepared.rows(person=pk) for pk in (1, 2)] == [[], []]
    assert len(made) == 1
    assert asked[0]["sql"].replace("1", "2") == asked[1]["sql"]


@pytest.mark.django_db
def test_a_value_that_is_not_told_is_an_error() -> None:
    with pytest.raises(KeyError, match="person"):
        OF_PERSON.rows(now=NOON)
