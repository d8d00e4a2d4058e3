"""A moderator's day."""

from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import ngettext, pgettext

from community import talk_queries
from community.models import Comment, Report
from operations.dashboard import Panel, Tile


def waiting() -> Panel:
    """Numbers that lead to the very rows they count. Two queries."""
    there = Comment.objects.filter(removed_at=None)
    waiting_reports = Report.objects.filter(comment=OuterRef("pk"), settled_at=None)
    reported = there.filter(Exists(waiting_reports)).count()
    questions = there.filter(kind=Comment.Kind.QUESTION, hidden_at=None)
    open_ones = questions.exclude(talk_queries.by_instructor()).count()
    index = reverse("talk:index")
    return Panel(
        "talk-waiting",
        order=15,
        heading=pgettext("community", "Comments"),
        tiles=[
            Tile(
                ngettext("reported comment", "reported comments", reported),
                reported,
                f"{index}?state=reported",
            ),
            Tile(
                ngettext("question without an answer", "questions without an answer", open_ones),
                open_ones,
                f"{index}?state=unanswered",
                urgent=False,
            ),
        ],
    )
