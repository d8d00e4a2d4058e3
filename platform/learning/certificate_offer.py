"""What the page of a course or a track says of its certificate to whoever looks."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.urls import reverse

from accounts.models import User
from courses.models import LessonPage
from learning import certificate_rule, credentials
from learning.certificate_rule import Standing, Target
from learning.models import Credential


@dataclass(frozen=True)
class Offer:
    """`standing` for who has begun and has no `credential` yet."""

    url: str
    name: str = ""
    standing: Standing | None = None
    credential: Credential | None = None


def offer(
    learner: User | None, target: Target, lessons: Iterable[LessonPage], done: Collection[int]
) -> Offer | None:
    """By what the page knows already; none where no certificate is given.

    One query for who has begun, two where a score is asked.
    """
    if not target.gives_certificate:
        return None
    url = reverse("credential_claim", args=[credentials.kind_of(target), target.pk])
    if learner is None or not done:
        return Offer(url)
    found = credentials.find(learner.pk, target)
    standing = None if found else certificate_rule.measure(target, lessons, done, learner.pk)
    return Offer(url, learner.name, standing, found)
