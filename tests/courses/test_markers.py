"""Where the parts of a recording begin."""

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from courses import markers
from courses.markers import Marker
from tests.factories import MediaFactory, course, lesson

HEARD = {"00:00": "开头一句。", "00:10": "锅的来历", "00:20": "它从常州来。", "01:10": "后来呢。"}
VTT = "WEBVTT\n\n" + "\n".join(
    f"00:{at}.000 --> 00:{at}.900\n{words}\n" for at, words in HEARD.items()
)
BODY = [
    ("text", "<p>开头一句。</p><h2>锅的来历</h2><p>它从常州来。</p><h2>没有念的小标题</h2>"),
    ("text", "<p>后来呢。</p><h2>念不到的</h2>"),
]


def test_markers_are_read_with_their_times() -> None:
    written = "0:00 开头\n\n 4:18 信 任\n1:04:18 尾声"
    assert markers.parse(written) == [
        Marker(0, "开头"),
        Marker(258, "信 任"),
        Marker(3858, "尾声"),
    ]


@pytest.mark.parametrize(
    ("written", "line"),
    [
        ("开头", 1),
        ("0:00", 1),
        ("0:00 一\n0:61 二", 2),
        ("0:10 一\n\n0:10 二", 3),
        ("0:10 一\n0:09 二", 2),
        (f"0:00 一\n0:09 {'长' * 81}", 2),
    ],
)
def test_a_broken_marker_is_named_by_its_line(written: str, line: int) -> None:
    with pytest.raises(ValidationError) as refused:
        markers.parse(written)
    assert f"第 {line} 行" in refused.value.messages[0]


@pytest.mark.django_db
def test_headings_that_are_heard_are_the_parts_unless_an_editor_wrote_them(client: Client) -> None:
    page = course()
    sound = MediaFactory(duration=100.0)
    own = lesson(page, free_preview=True, audio=sound, transcript=VTT, body=BODY)
    shown = client.get(own.get_url()).content.decode()
    parts = shown.partition('class="markers"')[2].partition("</nav>")[0]
    assert 'data-start="10.0"' in parts
    assert "0:10" in parts
    assert 'data-start="70.0"' in parts
    assert "没有念的小标题" in parts
    assert "念不到的" not in parts
    own.markers = "0:05 编辑写的\n1:00 第二段"
    own.save_revision().publish()
    shown = client.get(own.get_url()).content.decode()
    parts = shown.partition('class="markers"')[2].partition("</nav>")[0]
    assert "编辑写的" in parts
    assert "锅的来历" not in parts


@pytest.mark.django_db
def test_a_text_without_sound_has_no_parts(client: Client) -> None:
    page = lesson(course(), free_preview=True, transcript=VTT, body=BODY)
    assert 'class="markers"' not in client.get(page.get_url()).content.decode()
