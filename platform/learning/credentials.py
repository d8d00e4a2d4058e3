"""Issuing certificates, correcting the name on them, withdrawing them."""

import secrets
import unicodedata
from collections.abc import Sequence
from datetime import datetime

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from wagtail.log_actions import log

from accounts import mail
from accounts.models import User
from courses import outline, tracks
from courses.models import CoursePage, LessonPage
from learning import certificate_rule, days, ledger, progress
from learning.certificate_rule import Standing, Target
from learning.models import Credential, CredentialName, LessonProgress, RevokedBadge
from learning.models.credentials import NUMBER_LENGTH, badge_of

# Digits and letters that nobody takes for one another: 80 bits, so that none is found by trying.
LETTERS = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"
MOST_CORRECTIONS = 5


class NotEarned(Exception):
    """What is asked is not done, or the page gives no certificate."""


class TooManyCorrections(Exception):
    """The name was changed as often as it may be."""


def kind_of(target: Target) -> Credential.Kind:
    course, track = Credential.Kind.COURSE, Credential.Kind.TRACK
    return course if isinstance(target, CoursePage) else track


def of_learner(learner_id: int) -> QuerySet[Credential]:
    """The last one issued first."""
    return Credential.objects.filter(learner_id=learner_id).order_by("-issued_at", "-pk")


def find(learner_id: int, target: Target) -> Credential | None:
    rows = Credential.objects.filter(learner_id=learner_id)
    return rows.filter(kind=kind_of(target), target_id=target.pk).first()


def lessons_of(learner: User, target: Target, *, now: datetime) -> Sequence[LessonPage]:
    """Those that stand in it, as its own page counts them."""
    if isinstance(target, CoursePage):
        return list(outline.lessons_of(target))
    return [each.lesson for each in tracks.path(target, learner, now=now).lessons]


def stand(learner: User, target: Target, *, now: datetime) -> Standing:
    """How far the learner is. What was folded counts: call progress.fold_learner first."""
    lessons = lessons_of(learner, target, now=now)
    done = _done(learner, lessons)
    return certificate_rule.measure(target, lessons, done.keys(), learner.pk)


def issue(*, learner: User, target: Target, name: str, publisher: str, now: datetime) -> Credential:
    """The learner's certificate; one that is there stays as it is. Raises NotEarned."""
    progress.fold_learner(learner.pk)
    with transaction.atomic():
        User.objects.select_for_update().get(pk=learner.pk)  # from two tabs: one after the other
        if found := find(learner.pk, target):
            return found
        lessons = lessons_of(learner, target, now=now)
        done = _done(learner, lessons)
        standing = certificate_rule.measure(target, lessons, done.keys(), learner.pk)
        if not target.gives_certificate or not standing.is_met:
            raise NotEarned
        teacher = target.instructor if isinstance(target, CoursePage) else None
        row = Credential.objects.create(
            number="".join(secrets.choice(LETTERS) for _ in range(NUMBER_LENGTH)),
            learner_id=learner.pk,
            kind=kind_of(target),
            target_id=target.pk,
            name=name,
            title=target.title,
            instructor=teacher.name if teacher else "",
            publisher=publisher,
            asked_lessons=standing.asked_lessons,
            asked_score=standing.asked_score,
            lessons=standing.of,
            earned_on=days.day_of(max(done.values()), days.zone_of(learner)),
            issued_at=now,
        )
        ledger.append(
            learner=learner,
            kind=ledger.Kind.CREDENTIAL,
            key=f"credential:{row.number}",
            at=now,
            course_id=target.pk if isinstance(target, CoursePage) else None,
            words="" if isinstance(target, CoursePage) else target.title,
        )
        return row


def _done(learner: User, lessons: Sequence[LessonPage]) -> dict[int, datetime]:
    """When each of them was done."""
    ids = [each.pk for each in lessons]
    rows = LessonProgress.objects.filter(learner_id=learner.pk, lesson_id__in=ids)
    done = rows.filter(done_at__isnull=False).values_list("lesson_id", "done_at")
    return {pk: at for pk, at in done if at}


@transaction.atomic
def correct_name(row: Credential, name: str, *, now: datetime) -> None:
    """What stood there before is kept. Raises TooManyCorrections."""
    row = Credential.objects.select_for_update().get(pk=row.pk)
    if row.name == name:
        return
    former = CredentialName.objects.filter(learner_id=row.learner_id, number=row.number)
    if former.count() >= MOST_CORRECTIONS:
        raise TooManyCorrections
    CredentialName.objects.create(
        learner_id=row.learner_id, number=row.number, until=now, name=row.name
    )
    Credential.objects.filter(pk=row.pk).update(name=name)


def corrected_at(row: Credential) -> datetime | None:
    """When the name on it was last changed."""
    former = CredentialName.objects.filter(learner_id=row.learner_id, number=row.number)
    return former.order_by("-until").values_list("until", flat=True).first()


@transaction.atomic
def withdraw(row: Credential, *, by: User, ground: str, reason: str, now: datetime) -> bool:
    """For good. The learner reads the reason by mail, strangers only its ground.

    False when it was withdrawn before.
    """
    changed = Credential.objects.filter(pk=row.pk, withdrawn_at=None).update(
        withdrawn_at=now, withdrawn_for=ground, withdrawn_reason=reason
    )
    if not changed:
        return False
    RevokedBadge.objects.create(badge=badge_of(row.number), ground=ground, at=now)
    log(instance=row, action="learning.withdraw_credential", user=by, data={"reason": reason})
    learner = User.objects.filter(pk=row.learner_id, is_active=True).first()
    if learner is not None:
        mail.queue(
            key=f"credential_withdrawn:{row.number}",
            to=learner.email,
            template="credential_withdrawn",
            context={
                "title": row.title,
                "reason": reason,
                "address": settings.BASE_URL + row.get_absolute_url(),
            },
            language=learner.language,
            now=now,
            user=learner,
        )
    return True


def clean_name(text: str) -> str:
    """In one form and on one line; empty where nothing of it can be read.

    Marks that turn the direction of writing would let a name pose as something else.
    """
    whole = " ".join(unicodedata.normalize("NFC", text).split())
    shown = "".join(each for each in whole if unicodedata.category(each)[0] != "C")
    return shown if any(unicodedata.category(each)[0] == "L" for each in shown) else ""
