"""Pages are compressed on their way; what comes in ranges is not."""

import gzip

import pytest
from django.test import Client

from tests import factories

pytestmark = pytest.mark.django_db
GZIP = {"accept-encoding": "gzip, br"}


def test_a_page_is_compressed_for_who_reads_it_so(client: Client) -> None:
    plain, squeezed = (client.get("/courses/", headers=headers) for headers in ({}, GZIP))
    assert squeezed["Content-Encoding"] == "gzip"
    assert "Accept-Encoding" in squeezed["Vary"]
    assert len(squeezed.content) < len(plain.content) / 2
    assert gzip.decompress(squeezed.content).startswith(b"<!doctype html>")
    assert "Content-Encoding" not in plain


def test_a_page_is_never_twice_of_one_length(client: Client) -> None:
    """Or its length would tell what stands in it."""
    sizes = {len(client.get("/courses/", headers=GZIP).content) for _ in range(12)}
    assert len(sizes) > 3


def test_sound_comes_as_it_is(client: Client) -> None:
    course = factories.course()
    audio = factories.MediaFactory()
    lesson = factories.lesson(course, free_preview=True, audio=audio)
    address = f"/media/{lesson.pk}/audio-{audio.pk}/"
    answer = client.get(address, headers={**GZIP, "range": "bytes=3-9"})
    assert answer.status_code == 206
    assert "Content-Encoding" not in answer
    assert len(answer.getvalue()) == 7
