"""What the community holds about a person."""

from datetime import datetime

from accounts.models import User
from accounts.privacy import hold, hold_more
from community import comments
from community.models import Comment


def _erase_words(user: User, now: datetime) -> int:
    """Before the key is cleared: what others answered keeps its place, without a word of theirs."""
    rows = list(Comment.objects.filter(author=user))
    # Answers first, so that a thread that is all their own goes as a whole.
    for row in sorted(rows, key=lambda each: each.parent_id is None):
        comments.remove(row, now=now)
    return len(rows)


hold_more("community.words", erase=_erase_words)
hold(
    "community.Comment",
    "author",
    erase="detach",
    export=(
        "course__title",
        "lesson__title",
        "kind",
        "text",
        "at_seconds",
        "quote",
        "by_instructor",
        "created_at",
        "edited_at",
        "featured_at",
        "hidden_at",
        "hidden_reason",
    ),
)
hold("community.Like", "user", erase="delete", export=("comment_id", "at"))
hold(
    "community.Report",
    "reporter",
    erase="delete",
    export=("comment_id", "reason", "words", "at", "settled_at", "outcome"),
)
# Who did what in office stays with the act.
hold("community.Comment", "hidden_by", erase="keep")
hold("community.Comment", "featured_by", erase="keep")
hold("community.Report", "settled_by", erase="keep")
