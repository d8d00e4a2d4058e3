"""Where sessions are kept: in the database behind the cache, or in the cache alone."""

import pytest
from django.contrib.sessions.models import Session
from django.core.cache import cache

from tests.factories import UserFactory

pytestmark = pytest.mark.django_db
IN_CACHE = "django.contrib.sessions.backends.cache"


def is_signed_in(client) -> bool:
    return client.get("/account/").status_code == 200


def test_an_emptied_cache_signs_nobody_out(client) -> None:
    client.force_login(UserFactory())
    cache.clear()
    assert is_signed_in(client)


def test_in_the_cache_alone_the_database_keeps_none(client, settings) -> None:
    settings.SESSION_ENGINE = IN_CACHE
    client.force_login(UserFactory())
    assert is_signed_in(client)
    assert not Session.objects.exists()


def test_there_an_emptied_cache_signs_out_and_nothing_else(client, settings) -> None:
    settings.SESSION_ENGINE = IN_CACHE
    person = UserFactory()
    client.force_login(person)
    cache.clear()
    assert not is_signed_in(client)
    client.force_login(person)
    assert is_signed_in(client)
