"""WebVTT as editors upload it."""

import time

import pytest

from courses.transcripts import BrokenTranscript, Cue, parse

GOOD = """WEBVTT

NOTE 合成语音

1
00:00:00.000 --> 00:00:02.500
巷口修鞋的老陈没有招牌。

00:02.500 --> 00:04.000 align:start
<v 周明远>说周四好，就是周四好。
"""

FIRST = "WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n甲。\n\n"


def test_cues_are_read_with_their_times():
    assert parse(GOOD) == [
        Cue(0.0, 2.5, "巷口修鞋的老陈没有招牌。"),
        Cue(2.5, 4.0, "说周四好，就是周四好。"),
    ]


def test_a_byte_order_mark_and_windows_line_ends_are_fine():
    assert parse("\ufeff" + GOOD.replace("\n", "\r\n")) == parse(GOOD)


def test_a_header_of_several_lines_is_skipped():
    assert parse(GOOD.replace("WEBVTT", "WEBVTT\nKind: captions\nLanguage: zh", 1)) == parse(GOOD)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("", 1),
        ("字幕\n", 1),
        ("WEBVTT\n\n00:00:01.000 -> 00:00:02.000\n甲。\n", 3),
        ("WEBVTT\n\n1\n00:00:01,000 --> 00:00:02,000\n甲。\n", 4),
        (
            FIRST + "00:00:03.000 --> 00:00:02.000\n乙。\n",
            6,
        ),
        (
            FIRST + "00:00:00.500 --> 00:00:02.000\n乙。\n",
            6,
        ),
        ("WEBVTT\n\n00:00:01.000 --> 00:00:02.000\n\n", 3),
        ("WEBVTT\n\n00:61:01.000 --> 00:62:02.000\n甲。\n", 3),
    ],
)
def test_what_is_broken_is_named_by_its_line(text, line):
    with pytest.raises(BrokenTranscript) as raised:
        parse(text)
    assert raised.value.line == line


def test_a_transcript_of_nothing_but_brackets_costs_no_time() -> None:
    began = time.thread_time()
    text = "WEBVTT\n\n00:00:00.000 --> 00:00:04.000\n" + "<" * 500_000
    assert parse(text)[0].text.startswith("<")
    assert time.thread_time() - began < 2
