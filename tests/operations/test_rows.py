import pytest

from accounts.models import User
from operations.rows import each
from tests.factories import UserFactory

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("at_a_time", [None, 2])
def test_each_row_comes_once(at_a_time):
    people = UserFactory.create_batch(5)
    rows = User.objects.filter(pk__in=[person.pk for person in people]).order_by("pk")
    assert list(each(rows, at_a_time=at_a_time)) == people


def test_where_there_are_none_no_column_is_read(django_assert_num_queries):
    with django_assert_num_queries(1) as asked:
        assert list(each(User.objects.filter(pk=-1))) == []
    assert "email" not in asked[0]["sql"]
