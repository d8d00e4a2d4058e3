"""The style guide: every component in its states, and whole pages made of them. Only with DEBUG."""

import functools
import io
import math
import re
import wave
from collections.abc import Callable

from django import forms
from django.conf import settings
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.translation import gettext_lazy as _

from courses import depicted, prints
from courses.drawing.design import Design
from courses.drawing.share import Words
from demo import styleguide_data as data

View = Callable[..., HttpResponse]
RATE = 8000


def only_with_debug(view: View) -> View:
    @functools.wraps(view)
    def guarded(request: HttpRequest, *args: object, **kwargs: object) -> HttpResponse:
        if not settings.DEBUG:
            raise Http404
        return view(request, *args, **kwargs)

    return guarded


class SampleForm(forms.Form):
    """One of each control."""

    email = forms.EmailField(label=_("E-mail"), help_text=_("We send a code there."))
    name = forms.CharField(label=_("Name"), required=False)
    why = forms.CharField(label=_("Why"), widget=forms.Textarea(attrs={"rows": 3}))
    pace = forms.ChoiceField(
        label=_("Pace"), choices=[("5", "5 天"), ("3", "3 天")], widget=forms.RadioSelect
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
    agree = forms.BooleanField(label=_("I have read the terms."))


@only_with_debug
def index(request: HttpRequest) -> HttpResponse:
    answered = SampleForm({"email": "lin@", "why": "", "pace": "5", "language": "zh-hans"})
    context = {
        **data.EVERYTHING,
        "form": SampleForm(initial={"pace": "5"}, auto_id="a_%s"),
        "answered": answered,
        "page_two": Paginator(range(60), 10).page(2),
        "page_one": Paginator(range(60), 10).page(1),
        "page_last": Paginator(range(60), 10).page(6),
    }
    return render(request, "styleguide/index.html", context)


@only_with_debug
def course(request: HttpRequest) -> HttpResponse:
    return render(request, "styleguide/course.html", data.EVERYTHING)


@only_with_debug
def lesson(request: HttpRequest, number: int) -> HttpResponse:
    """Lessons 1 and 2 sound, 3 is text alone; `?token=` stands in for a signed-in learner."""
    if number not in data.LESSONS:
        raise Http404
    title, seconds = data.LESSONS[number]
    media = f"/styleguide/sound/{seconds}/" if seconds else ""
    player = {
        "lesson": number,
        "title": title,
        "course": data.COURSE_TITLE,
        "course-url": "/styleguide/course/",
        "url": f"/styleguide/lesson/{number}/",
        "instructor": "周明远",
        "chapter": request.GET.get("chapter", "1"),
        "position": request.GET.get("position", "0"),
        "beat-url": "/study/beat/",
        "day-ends": request.GET.get("day_ends", "4102444800000"),
    }
    if media:
        player |= {"media": media, "mime": "audio/wav", "duration": seconds}
    if token := request.GET.get("token"):
        player |= {"token": token, "learner": "7"}
    if number + 1 in data.LESSONS:
        player |= {
            "next-url": f"/styleguide/lesson/{number + 1}/",
            "next-title": data.LESSONS[number + 1][0],
        }
    context = {
        "player": list(player.items()),
        "media": media,
        "title": title,
        "facts": [f"第 {number} 讲", "11 分 20 秒", "约 2,600 字"],
        "byline": ["周明远 讲述", "合成语音"] if media else ["周明远"],
        "markers": data.MARKERS,
        "paragraphs": data.paragraphs(sounding=bool(media)),
        "outline": data.outline(number),
        "course_title": data.COURSE_TITLE,
        "course_url": "/styleguide/course/",
        "previous": neighbour(number - 1),
        "next": neighbour(number + 1),
        "ponder": data.QUESTION,
    }
    return render(request, "styleguide/lesson.html", context)


def neighbour(number: int) -> dict[str, str] | None:
    if number not in data.LESSONS:
        return None
    return {"title": data.LESSONS[number][0], "url": f"/styleguide/lesson/{number}/"}


@only_with_debug
def paywall(request: HttpRequest) -> HttpResponse:
    context = {
        **data.EVERYTHING,
        "outline": data.outline(4),
        "course_title": data.COURSE_TITLE,
        "course_url": "/styleguide/course/",
    }
    return render(request, "styleguide/paywall.html", context)


@only_with_debug
def picture(request: HttpRequest, ground: str, title: str, shape: str, suffix: str) -> HttpResponse:
    """A cover, a card or a poster of a made-up course; `?track=1`: of a learning path."""
    if suffix not in depicted.FORMATS.get(shape, ()):
        raise Http404
    line = str(data.SHARED.line)
    subject = depicted.Subject(
        kind="course",
        pk=0,
        design=Design(title, ground, "知", is_track="track" in request.GET),
        words=Words(title, line=line, site=data.SHARED.site, address=data.SHARED.address),
    )
    return HttpResponse(prints.make(subject, shape, suffix), content_type=f"image/{suffix}")


@only_with_debug
def sound(request: HttpRequest, seconds: int) -> HttpResponse:
    """A quiet tone of so many seconds (at most 900), in ranges as players ask for them."""
    whole = tone(min(seconds, 900))
    asked = re.fullmatch(r"bytes=(\d+)-(\d*)", request.headers.get("Range", ""))
    headers = {"Accept-Ranges": "bytes", "Content-Type": "audio/wav"}
    if not asked or int(asked[1]) >= len(whole):
        return HttpResponse(whole, headers=headers)
    first = int(asked[1])
    last = min(int(asked[2] or len(whole)), len(whole) - 1)
    headers["Content-Range"] = f"bytes {first}-{last}/{len(whole)}"
    return HttpResponse(whole[first : last + 1], status=206, headers=headers)


@functools.lru_cache(maxsize=4)
def tone(seconds: int) -> bytes:
    """A WAV, 8 bits, mono: A at 220 Hz, hardly to be heard."""
    second = bytes(128 + round(6 * math.sin(math.tau * 220 * n / RATE)) for n in range(RATE))
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setparams((1, 1, RATE, seconds * RATE, "NONE", ""))
        written.writeframes(second * seconds)
    return file.getvalue()
