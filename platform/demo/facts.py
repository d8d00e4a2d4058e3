"""What a script needs to try the demo: `demo.json` in the data folder, and the desk's own facts."""

import json
from pathlib import Path
from typing import Any

from django.conf import settings

from courses import media
from courses.models import ArticlePage, LessonPage
from courses.outline import lessons_of
from demo.people import CAST, PASSWORD

CARDS = [
    ("4242 4242 4242 4242", "succeeds"),
    ("4000 0000 0000 0002", "declined"),
    ("4000 0000 0000 9995", "insufficient_funds"),
    ("4000 0025 0000 3155", "three_d_secure"),
    ("4000 0000 0000 0341", "fails_when_charged"),
]


def path() -> Path:
    return Path(settings.DATA) / "demo.json"


def exist() -> bool:
    """The demo was made in this data folder, and the site runs for trying."""
    return bool(settings.DEBUG) and path().exists()


def gather() -> dict[str, Any]:
    """Accounts, addresses and test cards; addresses are absolute."""
    from courses.models import CoursePage

    course = CoursePage.objects.get(slug="yiqun-ren")
    lessons = list(lessons_of(course).select_related("audio"))
    free = next(lesson for lesson in lessons if lesson.free_preview)
    paid = next(lesson for lesson in lessons if not lesson.free_preview)
    article = ArticlePage.objects.get(slug="yi-kou-guo")
    return {
        "base_url": settings.BASE_URL,
        "accounts": [
            {
                "email": person.email,
                "role": person.role or person.key,
                "password": PASSWORD,
                "totp_secret": person.totp_secret if person.role else None,
            }
            for person in CAST
        ],
        "addresses": {
            "course": _absolute(course.get_absolute_url()),
            "free_lesson": _absolute(_lesson(course.slug, free)),
            "paid_lesson": _absolute(_lesson(course.slug, paid)),
            "paid_media": _absolute(media.address(paid, f"audio-{paid.audio_id}")),
            "article": _absolute(article.get_absolute_url()),
            "desk": _absolute("/demo/"),
        },
        "cards": [{"number": number, "outcome": outcome} for number, outcome in CARDS],
    }


def write() -> None:
    path().write_text(json.dumps(gather(), ensure_ascii=False, indent=2), encoding="utf-8")


def _lesson(course_slug: str, lesson: LessonPage) -> str:
    return f"/courses/{course_slug}/{lesson.slug}/"


def _absolute(address: str) -> str:
    return settings.BASE_URL + address
