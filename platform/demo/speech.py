"""Make each lesson's speech (MP3) and its sentence cues (WebVTT) from the lesson's own text.

    ~/.pyenv/versions/3.13.0/bin/python speech.py [content-folder]

Needs espeak-ng and ffmpeg. A lesson is skipped when its VTT carries the hash of the same words
and settings. Cues touch one another, so one is always active; each starts with the first sound of
its sentence. readings.txt in the content folder holds the words espeak-ng would read wrongly.
"""

import hashlib
import json
import re
import subprocess
import sys
import tomllib
import wave
from array import array
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import NamedTuple

VOICE = "cmn-latn-pinyin"  # plain "cmn" of espeak-ng 1.51 reads its own pinyin as English
RATE = 22050  # Hz, espeak-ng's own
SPEED = 190  # espeak-ng's words a minute: with the pauses about 215 characters
BITRATE = "16k"  # constant, so that seeking is exact
LOUDNESS = -19.0  # LUFS
AFTER_SENTENCE, AFTER_BLOCK, AFTER_TITLE, TAIL = 0.40, 0.85, 1.10, 0.20  # seconds
SETTINGS = (VOICE, RATE, SPEED, BITRATE, LOUDNESS, AFTER_SENTENCE, AFTER_BLOCK, AFTER_TITLE, TAIL)

MARK = re.compile(r"^(?:##|>|!>|\?>) ")
FIGURES = str.maketrans("0123456789", "零一二三四五六七八九")
BY_FIGURE = re.compile(r"\d{4}(?= 年)|(?<=[「、])\d{3,4}(?=[、，])")
SENTENCE = re.compile(r".*?(?:[。？！…]+[」』）》]*)+|.+$")


type Samples = array[int]


class Sentence(NamedTuple):
    key: str  # "title", or block and sentence counted from 1: "b03s02"
    text: str
    pause: float


def sentences(title: str, body: str) -> list[Sentence]:
    """The title, then every sentence of every block; a heading or an attribution is one too."""
    found = [Sentence("title", title, AFTER_TITLE)]
    blocks = [block for block in re.split(r"\n\s*\n", body.strip()) if not block.startswith("[[")]
    for b, block in enumerate(blocks, 1):
        lines = [MARK.sub("", line).replace("**", "").strip() for line in block.splitlines()]
        texts = [text for line in lines for text in SENTENCE.findall(line)]
        for s, text in enumerate(texts, 1):
            pause = AFTER_SENTENCE if s < len(texts) else AFTER_BLOCK
            found.append(Sentence(f"b{b:02}s{s:02}", text, pause))
    return found


class Reader:
    """Knows how espeak-ng should read a text."""

    def __init__(self, readings: Path) -> None:
        lines = readings.read_text("utf-8").splitlines()
        self.readings = dict(line.split() for line in lines if line and not line.startswith("#"))
        self.words = re.compile("|".join(sorted(self.readings, key=len, reverse=True)))

    def spoken(self, text: str) -> str:
        """Pinyin for the odd words, figure by figure for years and door numbers, no quotes."""
        text = self.words.sub(lambda m: self.readings[m[0]], text)
        text = BY_FIGURE.sub(lambda m: m[0].translate(FIGURES), text)
        return re.sub(r"——|[「」『』《》]", " ", text).strip()


def speak(words: str, wav: Path) -> Samples:
    """Samples of one sentence, without the silence around it."""
    command = ["espeak-ng", "-v", VOICE, "-s", str(SPEED), "-w", str(wav), "--", words]
    subprocess.run(command, check=True)
    with wave.open(str(wav)) as file:
        if (file.getframerate(), file.getnchannels(), file.getsampwidth()) != (RATE, 1, 2):
            raise ValueError(f"espeak-ng gave another format than 16 bit mono at {RATE} Hz")
        samples = array("h", file.readframes(file.getnframes()))
    loud = [i for i, sample in enumerate(samples) if abs(sample) > 200]
    if not loud:
        raise ValueError(f"no sound for: {words}")
    return samples[max(0, loud[0] - 220) : loud[-1] + 660]


def silence(seconds: float) -> Samples:
    return array("h", bytes(2 * round(seconds * RATE)))


def loudness(wav: Path) -> float:
    """Integrated loudness in LUFS, as ffmpeg measures it."""
    command = ["ffmpeg", "-hide_banner", "-i", str(wav)]
    command += ["-af", "loudnorm=print_format=json", "-f", "null", "-"]
    report = subprocess.run(command, check=True, capture_output=True, text=True).stderr
    return float(json.loads(report[report.rindex("{") : report.rindex("}") + 1])["input_i"])


def clock(seconds: float) -> str:
    ms = round(seconds * 1000)
    return f"{ms // 3_600_000:02}:{ms // 60_000 % 60:02}:{ms // 1000 % 60:02}.{ms % 1000:03}"


def encode(wav: Path, mp3: Path, tags: dict[str, str]) -> None:
    gain = LOUDNESS - loudness(wav)
    command = ["ffmpeg", "-v", "error", "-y", "-i", str(wav), "-map_metadata", "-1"]
    command += ["-af", f"volume={gain:.2f}dB,alimiter=limit=0.7:level=false:latency=true"]
    command += ["-c:a", "libmp3lame", "-b:a", BITRATE, "-compression_level", "0"]
    command += [part for key, value in tags.items() for part in ("-metadata", f"{key}={value}")]
    command += ["-id3v2_version", "3", "-fflags", "+bitexact", "-flags:a", "+bitexact", str(mp3)]
    subprocess.run(command, check=True)


def make(lesson: Path, reader: Reader, tags: dict[str, str]) -> str:
    """Make the MP3 and VTT beside the lesson; say what was done."""
    _, front, body = lesson.read_text("utf-8").split("+++\n", 2)
    title = tomllib.loads(front)["title"]
    parts = sentences(title, body)
    said = [reader.spoken(part.text) for part in parts]
    digest = hashlib.sha256(repr((SETTINGS, tags, parts, said)).encode()).hexdigest()
    mp3, vtt = lesson.with_suffix(".mp3"), lesson.with_suffix(".vtt")
    if mp3.exists() and vtt.exists() and f"sha256 {digest}" in vtt.read_text("utf-8"):
        return "up to date"

    sound, starts = array("h"), []
    with TemporaryDirectory() as folder:
        wav = Path(folder) / "speech.wav"
        for part, words in zip(parts, said, strict=True):
            starts.append(len(sound) / RATE)
            sound += speak(words, wav)
            sound += silence(TAIL if part is parts[-1] else part.pause)
        with wave.open(str(wav), "wb") as file:
            file.setparams((1, 2, RATE, len(sound), "NONE", ""))
            file.writeframes(sound.tobytes())
        encode(wav, mp3, {"title": title, **tags})

    ends = [*starts[1:], len(sound) / RATE]
    cues = [
        f"{part.key}\n{clock(start)} --> {clock(end)}\n{part.text}\n"
        for part, start, end in zip(parts, starts, ends, strict=True)
    ]
    vtt.write_text("\n".join(["WEBVTT\n", f"NOTE 合成语音\nsha256 {digest}\n", *cues]), "utf-8")
    return f"{ends[-1]:.0f} s, {mp3.stat().st_size / 1e6:.2f} MB"


def main() -> None:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent / "content"
    instructors = tomllib.loads((root / "instructors.toml").read_text("utf-8"))["instructor"]
    names = {person["slug"]: person["name"] for person in instructors}
    reader = Reader(root / "readings.txt")
    lessons = sorted(root.glob("courses/*/[0-9][0-9].md"))
    for number, lesson in enumerate(lessons, 1):
        course = tomllib.loads((lesson.parent / "course.toml").read_text("utf-8"))
        artist = f"{names[course['instructor']]}（合成语音）"
        done = make(lesson, reader, {"artist": artist, "album": course["title"]})
        print(f"{number}/{len(lessons)} {lesson.relative_to(root)}: {done}", flush=True)
    size = sum(file.stat().st_size for file in root.rglob("*.mp3"))
    print(f"{size / 1e6:.2f} MB of speech")


if __name__ == "__main__":
    main()
