"""Featuring and hiding comments, settling what was reported. Each act is entered in the log."""

from datetime import datetime

from django.db import transaction
from wagtail.log_actions import log

from accounts.models import User
from community import quoting
from community.models import Comment, Report
from courses.models import CoursePage
from pages import edition


class NotToBeFeatured(Exception):
    """It is an answer, hidden or removed."""


def _locked(comment: Comment) -> Comment:
    return Comment.objects.select_for_update().get(pk=comment.pk)


@transaction.atomic
def feature(comment: Comment, *, by: User, now: datetime) -> Comment:
    """First in its lesson; on the course's page too unless it repeats paid words: see
    `is_public_safe` of what is given back. Raises NotToBeFeatured."""
    row = _locked(comment)
    if row.parent_id or row.is_hidden or row.is_removed:
        raise NotToBeFeatured
    if not row.is_featured:
        row.featured_at, row.featured_by = now, by
        row.is_public_safe = not quoting.repeats_paid_words(row.text, row.course)
        row.save(update_fields=["featured_at", "featured_by", "is_public_safe"])
        log(instance=row, action="community.feature_comment", user=by)
        edition.renew()  # the course's page is kept for all
    return row


@transaction.atomic
def feature_no_more(comment: Comment, *, by: User) -> bool:
    """False when it was not featured."""
    row = _locked(comment)
    if not row.is_featured:
        return False
    row.featured_at = row.featured_by = None
    row.is_public_safe = False
    row.save(update_fields=["featured_at", "featured_by", "is_public_safe"])
    log(instance=row, action="community.unfeature_comment", user=by)
    edition.renew()
    return True


@transaction.atomic
def hide(comment: Comment, *, by: User, reason: str, now: datetime) -> bool:
    """From all but its author, who reads the reason; reports of it are settled by that. False when
    it was hidden before, or is gone."""
    row = _locked(comment)
    if row.is_hidden or row.is_removed:
        return False
    if row.is_public_safe:
        edition.renew()
    row.hidden_at, row.hidden_by, row.hidden_reason = now, by, reason
    row.featured_at = row.featured_by = None
    row.is_public_safe = False
    row.save()
    _settle(row, Report.Outcome.HIDDEN, by=by, now=now)
    log(instance=row, action="community.hide_comment", user=by, data={"reason": reason})
    return True


@transaction.atomic
def show_again(comment: Comment, *, by: User) -> bool:
    """False when it was not hidden."""
    row = _locked(comment)
    if not row.is_hidden:
        return False
    row.hidden_at, row.hidden_by, row.hidden_reason = None, None, ""
    row.save(update_fields=["hidden_at", "hidden_by", "hidden_reason"])
    log(instance=row, action="community.show_comment", user=by)
    return True


@transaction.atomic
def keep(comment: Comment, *, by: User, now: datetime) -> int:
    """It stays as it is: how many reports were settled by that."""
    row = _locked(comment)
    settled = _settle(row, Report.Outcome.KEPT, by=by, now=now)
    if settled:
        log(instance=row, action="community.keep_comment", user=by)
    return settled


def _settle(comment: Comment, outcome: str, *, by: User, now: datetime) -> int:
    open_ones = comment.reports.filter(settled_at=None)
    return open_ones.update(settled_at=now, settled_by=by, outcome=outcome)


@transaction.atomic
def look_again(course: CoursePage) -> None:
    """After a lesson was published: what was free or unsaid before may be paid for now."""
    shown = Comment.objects.select_for_update().filter(course=course, is_public_safe=True)
    for row in shown:
        if quoting.repeats_paid_words(row.text, course):
            Comment.objects.filter(pk=row.pk).update(is_public_safe=False)
            edition.renew()


@transaction.atomic
def report(
    comment: Comment, *, reporter: User, reason: str, words: str = "", now: datetime
) -> Report:
    """Once for each who reports: again, it is the one that was made."""
    row, _is_new = Report.objects.get_or_create(
        comment=comment,
        reporter=reporter,
        defaults={"reason": reason, "words": words, "at": now},
    )
    return row
