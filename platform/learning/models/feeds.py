"""Private podcast feeds, and from how many places each is fetched."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class PodcastFeed(models.Model):
    """An address at which a podcast app finds what its learner may hear of one course, or of a
    membership's. Who has the secret has the feed (docs/adr/0017).

    An ended one is kept: its address says that it is gone.
    """

    class Ended(models.TextChoices):
        ASKED = "asked", _("Ended by its learner")
        SHARED = "shared", _("Fetched from too many places")

    learner_id = models.BigIntegerField()
    course_id = models.BigIntegerField(null=True)
    membership_id = models.BigIntegerField(null=True)
    secret = models.CharField(max_length=40, unique=True)
    made_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)
    ended_because = models.CharField(max_length=6, choices=Ended.choices, blank=True)
    last_fetched_at = models.DateTimeField(null=True)
    # In the place of one that was fetched from too many places: its page says so.
    follows_shared = models.BooleanField(default=False)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("podcast feed")
        verbose_name_plural = _("podcast feeds")
        indexes = [models.Index(fields=["learner_id", "ended_at"], name="feeds_of_a_learner")]
        constraints = [
            models.CheckConstraint(
                name="feed_is_of_a_course_or_a_membership",
                condition=Q(course_id=None) ^ Q(membership_id=None),
            ),
            models.CheckConstraint(
                name="feed_ends_for_a_reason",
                condition=Q(ended_at=None, ended_because="")
                | (Q(ended_at__isnull=False) & ~Q(ended_because="")),
            ),
            models.UniqueConstraint(
                fields=["learner_id", "course_id"],
                condition=Q(ended_at=None, course_id__isnull=False),
                name="feed_of_a_course_lives_once",
            ),
            models.UniqueConstraint(
                fields=["learner_id", "membership_id"],
                condition=Q(ended_at=None, membership_id__isnull=False),
                name="feed_of_a_membership_lives_once",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.learner_id}: {self.kind} {self.target_id}"

    @property
    def kind(self) -> str:
        return "course" if self.course_id is not None else "membership"

    @property
    def target_id(self) -> int:
        return self.course_id if self.course_id is not None else self.membership_id or 0


class FeedFetch(models.Model):
    """That a feed was fetched from one place on one day (UTC). The place is a keyed digest of
    network and app, another one each day; rows go after a week (`learning.feed_watch`)."""

    learner_id = models.BigIntegerField()
    feed_id = models.BigIntegerField()
    day = models.DateField()
    place = models.CharField(max_length=16)
    times = models.PositiveIntegerField(default=1)
    last_at = models.DateTimeField()

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("fetch of a feed")
        verbose_name_plural = _("fetches of feeds")
        indexes = [
            models.Index(fields=["learner_id"], name="fetches_of_a_learner"),
            models.Index(fields=["day"], name="fetches_by_day"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["feed_id", "day", "place"], name="feed_fetch_counted_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.feed_id} @ {self.day}: {self.times}"
