"""Where the demo's member is on its track, what they marked there, and the course they finished.
The learner has begun nothing yet."""

from datetime import timedelta
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from accounts.models import User
from courses import outline, plain_text
from courses import tracks as paths
from courses.models import CoursePage, LessonPage
from demo import content, publishing
from demo.content import CONTENT
from demo.selling import MEMBER
from learning import cards, credentials, note_places, notes, progress, tracks
from learning.models.notes import AROUND
from operations import clock
from pages.models import SiteSettings

DONE = 6  # lessons: the first stage, and the second one begun
FINISHED = "manman-bianqiang"  # which gives a certificate


def set_out() -> None:
    """Once: what the member did since is theirs."""
    member = User.objects.get(email=MEMBER.email)
    for path in publishing.track_files():
        track = publishing.publish_track(path)
        if not tracks.enrol(learner=member, track=track, now=clock.now()):
            continue
        for each in paths.path(track, member).lessons[:DONE]:
            progress.mark(learner=member, lesson=each.lesson, done=True, now=clock.now())
        _finish(member, publishing.find_course(FINISHED))
        for row in content.read_toml(CONTENT / "notes.toml")["marked"]:
            _mark(member, row)


def _finish(member: User, course: CoursePage) -> None:
    for lesson in outline.lessons_of(course):
        progress.mark(learner=member, lesson=lesson, done=True, now=clock.now())
    publisher = SiteSettings.objects.get(site__is_default_site=True).name
    credentials.issue(
        learner=member, target=course, name=member.name, publisher=publisher, now=clock.now()
    )


def _mark(member: User, row: dict[str, Any]) -> None:
    course = publishing.find_course(row["course"])
    lesson = LessonPage.objects.child_of(course).get(slug=row["lesson"])
    then = clock.now() - timedelta(days=row["days_ago"])
    before, quote, after = plain_text.of(lesson).partition(row["quote"])
    note = notes.keep(
        learner=member,
        key=uuid5(NAMESPACE_URL, row["quote"]),
        place=note_places.of_pages(member, [lesson.pk])[lesson.pk],
        passage=notes.Passage(quote, before[-AROUND:], after[:AROUND]),
        words=notes.Words(row["colour"], row.get("thought", ""), f" {' '.join(row['tags'])} "),
        now=then,
    )
    if row.get("review"):
        cards.collect_note(note, learner=member, now=then)
