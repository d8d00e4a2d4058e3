"""Too little room and too much content: a clear answer, no orphan, bounded memory."""

import io
import resource
import struct
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from courses.models import PrivateDocument, PrivateImage, PrivateMedia
from courses.transcripts import BrokenTranscript, parse
from tests.courses.test_uploads import upload, wav

MB = 1024 * 1024
ROOM = 8 * MB  # what any one file may have: more than the database needs, less than the recording
SIDE = 8000  # of a picture of 64 million points; 50 are taken


@contextmanager
def limited(kind: int, amount: int) -> Iterator[None]:
    before = resource.getrlimit(kind)
    resource.setrlimit(kind, (amount, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(kind, before)


@contextmanager
def little_memory(more: int) -> Iterator[None]:
    """So many bytes more than now."""
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    with limited(resource.RLIMIT_AS, pages * resource.getpagesize() + more):
        yield


@pytest.mark.django_db(transaction=True)
def test_a_recording_that_finds_no_room_leaves_nothing(editor, client, settings, tmp_path) -> None:
    settings.MEDIA_ROOT = tmp_path
    settings.FILE_UPLOAD_MAX_MEMORY_SIZE = 100 * MB  # so that the storage is the first to write it
    client.raise_request_exception = False
    recording = wav(seconds=1200)
    with limited(resource.RLIMIT_FSIZE, ROOM):
        answer = upload(client, "long.wav", recording)
    assert answer.status_code == 503
    assert answer["Retry-After"]
    assert "马上回来" in answer.text
    assert not PrivateMedia.objects.exists()
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []
    assert upload(client, "long.wav", recording).status_code == 302


def picture_of(side: int) -> bytes:
    """A grey PNG that packs a thousandfold."""
    packing = zlib.compressobj(9)
    packed = b"".join(packing.compress(bytes(side + 1)) for _ in range(side)) + packing.flush()

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", side, side, 8, 0, 0, 0, 0)
    parts = chunk(b"IHDR", head) + chunk(b"IDAT", packed) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + parts


def test_a_picture_with_too_many_points_is_refused_unread(editor, client: Client) -> None:
    bomb = SimpleUploadedFile("bomb.png", picture_of(SIDE))
    client.get("/admin/images/add/")  # what is loaded once is loaded
    with little_memory(SIDE * SIDE // 2):
        answer = client.post(
            "/admin/images/add/", {"title": "p", "file": bomb, "collection": "1", "description": ""}
        )
    assert answer.status_code == 200
    assert answer.context["form"].errors["file"]
    assert not PrivateImage.objects.exists()


def test_a_document_is_not_unpacked(editor, client: Client) -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/document.xml", bytes(64 * MB))
    client.get("/admin/documents/add/")
    with little_memory(48 * MB):
        answer = client.post(
            "/admin/documents/add/",
            {
                "title": "b",
                "file": SimpleUploadedFile("b.docx", packed.getvalue()),
                "collection": "1",
            },
        )
    assert answer.status_code == 302
    assert PrivateDocument.objects.get().file_size < MB


@pytest.mark.parametrize(
    "text",
    ["", "\0", "WEBVTT\n\n-->", "WEBVTT\n\n" + "9" * 5000 + ":00:00.000 --> x", "WEBVTT\n\n\ud800"],
)
def test_a_malformed_transcript_is_refused_with_its_line(text: str) -> None:
    with pytest.raises(BrokenTranscript) as problem:
        parse(text)
    assert problem.value.line >= 1
