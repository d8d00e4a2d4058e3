"""What a learner marked and wrote down."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual
from django.utils.translation import gettext_lazy as _

LONGEST_QUOTE, LONGEST_THOUGHT, AROUND = 500, 2000, 32  # characters
MOST_SHOWN = 200  # characters of a paid lesson that a learner may show to others


class Highlight(models.Model):
    """A passage of a lesson or an article as it stood when it was marked, and what was thought of
    it; without a quote it is a thought on the whole page.

    The browser makes the key, so that sending it again makes no twin. `prefix` and `suffix` are
    what stood around the quote (a text-quote selector, https://www.w3.org/TR/annotation-model/).
    """

    COLOURS = [(1, _("yellow")), (2, _("green")), (3, _("blue")), (4, _("violet"))]

    pk = models.CompositePrimaryKey("learner_id", "key")
    learner_id = models.BigIntegerField()
    key = models.UUIDField()
    page_id = models.BigIntegerField()
    course_id = models.BigIntegerField(default=0)  # 0: an article
    quote = models.CharField(max_length=LONGEST_QUOTE, blank=True)
    prefix = models.CharField(max_length=AROUND, blank=True)
    suffix = models.CharField(max_length=AROUND, blank=True)
    start = models.FloatField(null=True)  # the second at which it is heard
    colour = models.PositiveSmallIntegerField(choices=COLOURS, default=1)
    thought = models.CharField(max_length=LONGEST_THOUGHT, blank=True)
    tags = models.CharField(max_length=250, blank=True)  # " 组织 信任 ": each between spaces
    created_at = models.DateTimeField()
    updated_at = models.DateTimeField()
    share_token = models.CharField(max_length=32, null=True, unique=True)
    shared_at = models.DateTimeField(null=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("highlight")
        verbose_name_plural = _("highlights")
        indexes = [
            models.Index(fields=["learner_id", "-created_at"], name="highlights_newest_first"),
            models.Index(fields=["learner_id", "page_id"], name="highlights_of_a_page"),
            models.Index(fields=["page_id", "-created_at"], name="highlights_of_everybody"),
        ]
        constraints = [
            models.CheckConstraint(
                name="highlight_says_something", condition=~Q(quote="") | ~Q(thought="")
            ),
            models.CheckConstraint(
                name="highlight_is_of_bounded_length",
                condition=LessThanOrEqual(Length("quote"), LONGEST_QUOTE)
                & LessThanOrEqual(Length("thought"), LONGEST_THOUGHT),
            ),
            models.CheckConstraint(
                name="highlight_has_one_of_four_colours",
                condition=Q(colour__gte=1, colour__lte=4),
            ),
            models.CheckConstraint(
                name="highlight_is_heard_after_the_beginning",
                condition=Q(start=None) | Q(start__gte=0),
            ),
            models.CheckConstraint(
                name="highlight_has_an_address_while_shared",
                condition=Q(shared_at=None, share_token=None)
                | Q(shared_at__isnull=False, share_token__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return (self.quote or self.thought)[:40]

    @property
    def tag_list(self) -> list[str]:
        return self.tags.split()

    @property
    def excerpt(self) -> str:
        """Of the quote, what others may see."""
        more = "……" if len(self.quote) > MOST_SHOWN else ""
        return self.quote[:MOST_SHOWN] + more

    @property
    def is_shared(self) -> bool:
        return self.shared_at is not None
