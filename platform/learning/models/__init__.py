"""What a learner has studied. Plain ids, the learner's first: rows split by learner later."""

from learning.models.cards import ReviewCard, ReviewLog
from learning.models.credentials import Credential, CredentialName, RevokedBadge
from learning.models.days import LearnerGoals, StudyDay
from learning.models.feeds import FeedFetch, PodcastFeed
from learning.models.ledger import LedgerEntry
from learning.models.notes import Highlight
from learning.models.plans import StudyCalendar, TrackPlan
from learning.models.progress import LessonProgress
from learning.models.quizzes import QuizAttempt
from learning.models.recordings import LessonRecording
from learning.models.sessions import PlaySession
from learning.models.speed import ListeningSpeed
from learning.models.tracks import TrackEnrolment

__all__ = [
    "Credential",
    "CredentialName",
    "FeedFetch",
    "Highlight",
    "LearnerGoals",
    "LedgerEntry",
    "LessonProgress",
    "LessonRecording",
    "ListeningSpeed",
    "PlaySession",
    "PodcastFeed",
    "QuizAttempt",
    "ReviewCard",
    "ReviewLog",
    "RevokedBadge",
    "StudyCalendar",
    "StudyDay",
    "TrackEnrolment",
    "TrackPlan",
]
