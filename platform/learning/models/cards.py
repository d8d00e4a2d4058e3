"""What a learner means to remember (温故), and each time it was asked."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _


class ReviewCard(models.Model):
    """A marked sentence or a question of a quiz, asked again when it is about to be forgotten.

    It bears its own words: what becomes of the lesson changes none. `stability` and `difficulty`
    are FSRS's (see `learning.recall`); a card never asked has neither. Days are the learner's.
    """

    class Kind(models.TextChoices):
        NOTE = "note", _("Highlight")
        QUESTION = "question", _("Quiz question")

    pk = models.CompositePrimaryKey("learner_id", "key")
    learner_id = models.BigIntegerField()
    key = models.UUIDField()
    kind = models.CharField(max_length=10, choices=Kind.choices)
    source = models.CharField(max_length=64)  # the highlight's key; the question's
    page_id = models.BigIntegerField()
    course_id = models.BigIntegerField(default=0)  # 0: an article
    front = models.TextField()
    back = models.TextField()
    why = models.TextField(blank=True)
    created_at = models.DateTimeField()
    due_on = models.DateField()
    last_on = models.DateField(null=True)
    reviews = models.PositiveIntegerField(default=0)
    stability = models.FloatField(null=True)  # days until nine in ten are recalled
    difficulty = models.FloatField(null=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("review card")
        verbose_name_plural = _("review cards")
        indexes = [models.Index(fields=["learner_id", "due_on"], name="cards_that_are_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["learner_id", "kind", "page_id", "source"], name="card_once_for_its_source"
            ),
            models.CheckConstraint(
                name="card_has_a_memory_once_reviewed",
                condition=Q(reviews=0, last_on=None, stability=None, difficulty=None)
                | Q(
                    reviews__gt=0,
                    last_on__isnull=False,
                    stability__isnull=False,
                    stability__gt=0,
                    difficulty__isnull=False,
                    difficulty__gte=1,
                    difficulty__lte=10,
                ),
            ),
            models.CheckConstraint(
                name="card_is_due_after_its_review",
                condition=Q(last_on=None) | Q(due_on__gt=F("last_on")),
            ),
            models.CheckConstraint(name="card_asks_something", condition=~Q(front="")),
        ]

    def __str__(self) -> str:
        return self.front[:40]

    @property
    def is_note(self) -> bool:
        return self.kind == self.Kind.NOTE


class ReviewLog(models.Model):
    """One review. It never changes, and outlives its card: it tells nothing of what was asked."""

    class Rating(models.IntegerChoices):
        AGAIN = 1, _("Forgotten")
        HARD = 2, _("With effort")
        GOOD = 3, _("Recalled")
        EASY = 4, _("With ease")

    pk = models.CompositePrimaryKey("learner_id", "card_key", "number")
    learner_id = models.BigIntegerField()
    card_key = models.UUIDField()
    number = models.PositiveIntegerField()  # 1 for the card's first
    rating = models.PositiveSmallIntegerField(choices=Rating.choices)
    at = models.DateTimeField()
    day = models.DateField()
    elapsed_days = models.PositiveIntegerField(null=True)  # since the one before
    expected = models.FloatField(null=True)  # how likely FSRS held it that it would be recalled

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("review")
        verbose_name_plural = _("reviews")
        indexes = [models.Index(fields=["learner_id", "day"], name="reviews_by_day")]
        constraints = [
            models.CheckConstraint(
                name="review_has_one_of_four_ratings", condition=Q(rating__gte=1, rating__lte=4)
            ),
            models.CheckConstraint(
                name="review_after_another_was_expected",
                condition=Q(number=1, elapsed_days=None, expected=None)
                | Q(
                    number__gt=1,
                    elapsed_days__isnull=False,
                    elapsed_days__gte=1,
                    expected__isnull=False,
                    expected__gt=0,
                    expected__lte=1,
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.learner_id}: {self.card_key} #{self.number}"
