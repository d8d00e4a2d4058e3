"""The demo's letters, as if they had been sent in the weeks before. Nobody had asked for any."""

from datetime import timedelta
from pathlib import Path

from courses.models import Instructor
from demo import content
from demo.content import CONTENT
from growth import letter_sending
from growth.models import Letter
from operations import clock


def letter_files() -> list[Path]:
    return sorted((CONTENT / "letters").glob("*.md"))


def send_letter(path: Path) -> None:
    text = content.read(path)
    teacher = text.facts.get("instructor")
    if Letter.objects.filter(subject=text.facts["subject"]).exists():
        return
    sent_at = clock.now() - timedelta(days=text.facts["days_ago"])
    Letter.objects.create(
        instructor=Instructor.objects.get(slug=teacher) if teacher else None,
        subject=text.facts["subject"],
        words="\n\n".join(text.blocks),
        with_news=False,
        send_at=sent_at,
        status=Letter.Status.SENT,
        week=letter_sending.week_of(sent_at),
        begun_at=sent_at,
        ended_at=sent_at,
    )
