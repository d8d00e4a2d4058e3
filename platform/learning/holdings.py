"""What learning holds about a person. Its tables name the learner without a database key."""

from datetime import datetime

from accounts.models import User
from accounts.privacy import Rows, hold, hold_more
from courses.models import TrackPage
from learning import quiz_shown
from learning.models import (
    Credential,
    CredentialName,
    FeedFetch,
    Highlight,
    LedgerEntry,
    LessonProgress,
    ListeningSpeed,
    PlaySession,
    PodcastFeed,
    QuizAttempt,
    ReviewCard,
    ReviewLog,
    StudyCalendar,
    StudyDay,
    TrackEnrolment,
    TrackPlan,
)
from learning.states import FIELDS


def _progress(user: User) -> Rows:
    rows = LessonProgress.objects.filter(learner_id=user.pk).order_by("lesson_id")
    return [*map(dict, rows.values("course_id", "lesson_id", "heard", *FIELDS))]


def _days(user: User) -> Rows:
    rows = StudyDay.objects.filter(learner_id=user.pk).order_by("day")
    return [*map(dict, rows.values("day", "seconds", "goal_reached"))]


def _sessions(user: User) -> Rows:
    rows = PlaySession.objects.filter(learner_id=user.pk).order_by("started_at")
    names = (
        "lesson_id",
        "day",
        "started_at",
        "updated_at",
        "played_at",
        "ranges",
        "position",
        "wall",
        "read_to",
    )
    return [*map(dict, rows.values(*names))]


def _tracks(user: User) -> Rows:
    """With the titles, for a number says nothing about what was answered."""
    rows = TrackEnrolment.objects.filter(learner_id=user.pk).order_by("enrolled_at")
    names = ("track_id", "enrolled_at", "left_at", "task_done_at", "task_text")
    found = [*map(dict, rows.values(*names))]
    pages = TrackPage.objects.in_bulk([row["track_id"] for row in found])
    for row in found:
        page = pages.get(row["track_id"])
        row["track"], row["task"] = (page.title, page.last_task_title) if page else ("", "")
    return found


def _speeds(user: User) -> Rows:
    """Course 0 is every course without one of its own."""
    rows = ListeningSpeed.objects.filter(learner_id=user.pk).order_by("course_id")
    return [*map(dict, rows.values("course_id", "rate"))]


def _ledger(user: User) -> Rows:
    """As it stands. A book to be taken to another site: learning.ledger_files."""
    rows = LedgerEntry.objects.filter(learner_id=user.pk).order_by("day", "at", "key")
    left_out = {"pk", "learner_id"}
    names = [each.attname for each in LedgerEntry._meta.fields if each.attname not in left_out]
    return [*map(dict, rows.values(*names))]


def _highlights(user: User) -> Rows:
    rows = Highlight.objects.filter(learner_id=user.pk).order_by("created_at")
    names = [field.name for field in Highlight._meta.concrete_fields if field.name != "learner_id"]
    return [*map(dict, rows.values(*names))]


def _erase_highlights(user: User, now: datetime) -> int:
    return Highlight.objects.filter(learner_id=user.pk).delete()[0]


def _cards(user: User) -> Rows:
    """With the quotes; the words of a quiz question are the lesson's, which may be closed."""
    rows = ReviewCard.objects.filter(learner_id=user.pk).order_by("created_at", "key")
    left_out = {"learner_id", "why"}
    names = [each.name for each in ReviewCard._meta.concrete_fields if each.name not in left_out]
    return [
        row if row["kind"] == ReviewCard.Kind.NOTE else row | {"front": "", "back": ""}
        for row in map(dict, rows.values(*names))
    ]


def _erase_cards(user: User, now: datetime) -> int:
    return ReviewCard.objects.filter(learner_id=user.pk).delete()[0]


def _reviews(user: User) -> Rows:
    rows = ReviewLog.objects.filter(learner_id=user.pk).order_by("at", "card_key", "number")
    names = [each.name for each in ReviewLog._meta.concrete_fields if each.name != "learner_id"]
    return [*map(dict, rows.values(*names))]


def _erase_reviews(user: User, now: datetime) -> int:
    return ReviewLog.objects.filter(learner_id=user.pk).delete()[0]


def _credentials(user: User) -> Rows:
    rows = Credential.objects.filter(learner_id=user.pk).order_by("issued_at")
    names = [each.attname for each in Credential._meta.fields if each.attname != "learner_id"]
    return [*map(dict, rows.values(*names))]


def _former_names(user: User) -> Rows:
    rows = CredentialName.objects.filter(learner_id=user.pk).order_by("until")
    return [*map(dict, rows.values("number", "until", "name"))]


def _erase_credentials(user: User, now: datetime) -> int:
    """Whoever looks one up then reads that it is not known: nothing says who had it."""
    return Credential.objects.filter(learner_id=user.pk).delete()[0]


def _erase_former_names(user: User, now: datetime) -> int:
    return CredentialName.objects.filter(learner_id=user.pk).delete()[0]


def _quizzes(user: User) -> Rows:
    """With what was asked, chosen and written, for numbers say nothing; of an attempt that was not
    handed in no question, and never what would have been right."""
    rows = QuizAttempt.objects.filter(learner_id=user.pk).order_by("lesson_id", "number")
    return [
        {
            "lesson_id": row.lesson_id,
            "number": row.number,
            "started_at": row.started_at,
            "answered_at": row.answered_at,
            "finished_at": row.finished_at,
            "points": row.points,
            "out_of": row.out_of,
            "is_passed": row.is_passed,
            "answers": [
                {"question": each.question.prompt, "answer": each.said, "is_right": each.is_right}
                for each in (quiz_shown.results(row) if row.is_answered else [])
            ],
        }
        for row in rows
    ]


def _feeds(user: User) -> Rows:
    """Without their secrets: a copy of one's data should open nothing."""
    rows = PodcastFeed.objects.filter(learner_id=user.pk).order_by("made_at")
    names = ("course_id", "membership_id", "made_at", "ended_at", "ended_because")
    return [*map(dict, rows.values(*names, "last_fetched_at"))]


def _fetches(user: User) -> Rows:
    rows = FeedFetch.objects.filter(learner_id=user.pk).order_by("feed_id", "day", "last_at")
    return [*map(dict, rows.values("feed_id", "day", "place", "times", "last_at"))]


def _erase_feeds(user: User, now: datetime) -> int:
    return PodcastFeed.objects.filter(learner_id=user.pk).delete()[0]


def _erase_fetches(user: User, now: datetime) -> int:
    return FeedFetch.objects.filter(learner_id=user.pk).delete()[0]


def _erase_progress(user: User, now: datetime) -> int:
    return LessonProgress.objects.filter(learner_id=user.pk).delete()[0]


def _erase_days(user: User, now: datetime) -> int:
    return StudyDay.objects.filter(learner_id=user.pk).delete()[0]


def _erase_ledger(user: User, now: datetime) -> int:
    return LedgerEntry.objects.filter(learner_id=user.pk).delete()[0]


def _erase_sessions(user: User, now: datetime) -> int:
    return PlaySession.objects.filter(learner_id=user.pk).delete()[0]


def _erase_speeds(user: User, now: datetime) -> int:
    return ListeningSpeed.objects.filter(learner_id=user.pk).delete()[0]


def _erase_tracks(user: User, now: datetime) -> int:
    return TrackEnrolment.objects.filter(learner_id=user.pk).delete()[0]


def _erase_quizzes(user: User, now: datetime) -> int:
    return QuizAttempt.objects.filter(learner_id=user.pk).delete()[0]


def _plans(user: User) -> Rows:
    rows = TrackPlan.objects.filter(learner_id=user.pk).order_by("track_id")
    return [*map(dict, rows.values("track_id", "minutes", "weekdays", "at", "until"))]


def _erase_plans(user: User, now: datetime) -> int:
    return TrackPlan.objects.filter(learner_id=user.pk).delete()[0]


def _calendar(user: User) -> Rows:
    """That there is one; its address opens, so it does not go along."""
    return [*map(dict, StudyCalendar.objects.filter(pk=user.pk).values("made_at"))]


def _erase_calendar(user: User, now: datetime) -> int:
    return StudyCalendar.objects.filter(pk=user.pk).delete()[0]


hold_more("learning.trackplan", export=_plans, erase=_erase_plans)
hold_more("learning.studycalendar", export=_calendar, erase=_erase_calendar)
hold("learning.LearnerGoals", "learner", erase="delete", export=("minutes", "days", "sentences"))
hold_more("learning.lessonprogress", export=_progress, erase=_erase_progress)
hold_more("learning.studyday", export=_days, erase=_erase_days)
hold_more("learning.playsession", export=_sessions, erase=_erase_sessions)
hold_more("learning.trackenrolment", export=_tracks, erase=_erase_tracks)
hold_more("learning.quizattempt", export=_quizzes, erase=_erase_quizzes)
hold_more("learning.listeningspeed", export=_speeds, erase=_erase_speeds)
# After the rows it is written from: whoever writes holds one of those.
hold_more("learning.ledgerentry", export=_ledger, erase=_erase_ledger)
hold_more("learning.highlight", export=_highlights, erase=_erase_highlights)
hold_more("learning.reviewcard", export=_cards, erase=_erase_cards)
hold_more("learning.reviewlog", export=_reviews, erase=_erase_reviews)
hold_more("learning.credential", export=_credentials, erase=_erase_credentials)
hold_more("learning.credentialname", export=_former_names, erase=_erase_former_names)
hold_more("learning.podcastfeed", export=_feeds, erase=_erase_feeds)
hold_more("learning.feedfetch", export=_fetches, erase=_erase_fetches)
