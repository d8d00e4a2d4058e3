"""What is said under a lesson: comments (留言) and questions to the instructor (提问)."""

from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.db.models.lookups import LessThanOrEqual
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.models import User
from courses.models import CoursePage, LessonPage
from courses.wording import clock_time
from learning.models.notes import AROUND, MOST_SHOWN

LONGEST_TEXT, LONGEST_REASON = 1000, 300  # characters
LONGEST_QUOTE = MOST_SHOWN


class Comment(models.Model):
    """Said under a lesson, of a second of its sound, a sentence of its text, or the whole; or an
    answer to what was said there, one level deep.

    Whoever says it makes the key, so that sending it again makes no twin. A row without an author
    is of an account that was deleted; one that was removed and answered keeps its place, empty.
    """

    class Kind(models.TextChoices):
        COMMENT = "comment", pgettext_lazy("community", "Comment")
        QUESTION = "question", pgettext_lazy("community", "Question")

    key = models.UUIDField()
    author = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", verbose_name=_("Author")
    )
    lesson = models.ForeignKey(
        LessonPage, models.CASCADE, related_name="+", verbose_name=_("Lesson")
    )
    # A lesson never leaves its course.
    course = models.ForeignKey(
        CoursePage, models.CASCADE, related_name="+", verbose_name=_("Course")
    )
    kind = models.CharField(_("Kind"), max_length=8, choices=Kind.choices)
    parent = models.ForeignKey("self", models.CASCADE, null=True, related_name="replies")
    text = models.CharField(_("Text"), max_length=LONGEST_TEXT, blank=True)
    at_seconds = models.FloatField(null=True)  # of the lesson's sound
    quote = models.CharField(_("Quoted"), max_length=LONGEST_QUOTE, blank=True)
    prefix = models.CharField(max_length=AROUND, blank=True)
    suffix = models.CharField(max_length=AROUND, blank=True)
    by_instructor = models.BooleanField(_("By the instructor"), default=False)
    created_at = models.DateTimeField(pgettext_lazy("comment", "Written"))
    edited_at = models.DateTimeField(pgettext_lazy("comment", "Changed"), null=True)
    removed_at = models.DateTimeField(null=True)  # by its author
    hidden_at = models.DateTimeField(pgettext_lazy("comment", "Hidden"), null=True)
    hidden_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", verbose_name=_("Hidden by")
    )
    hidden_reason = models.CharField(_("Reason"), max_length=LONGEST_REASON, blank=True)
    featured_at = models.DateTimeField(pgettext_lazy("comment", "Featured"), null=True)
    featured_by = models.ForeignKey(
        User, models.SET_NULL, null=True, related_name="+", verbose_name=_("Featured by")
    )
    # Whether everybody may read it while it is featured: it repeats nothing that is paid for.
    is_public_safe = models.BooleanField(_("On the course's page"), default=False)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = pgettext_lazy("community", "comment")
        verbose_name_plural = pgettext_lazy("community", "comments")
        default_permissions = ("view",)
        permissions = [("moderate_comment", "Can feature and hide comments")]
        constraints = [
            models.UniqueConstraint(fields=["author", "key"], name="comment_once"),
            models.CheckConstraint(
                name="comment_is_of_a_kind", condition=Q(kind__in=["comment", "question"])
            ),
            models.CheckConstraint(
                name="comment_says_something_until_removed",
                condition=Q(text__gt="") | Q(removed_at__isnull=False),
            ),
            models.CheckConstraint(
                name="comment_is_of_bounded_length",
                condition=LessThanOrEqual(Length("text"), LONGEST_TEXT)
                & LessThanOrEqual(Length("quote"), LONGEST_QUOTE),
            ),
            models.CheckConstraint(
                name="comment_is_of_a_second_or_a_sentence",
                condition=Q(at_seconds=None) | Q(at_seconds__gte=0, quote=""),
            ),
            models.CheckConstraint(
                name="comment_that_answers_is_of_what_it_answers",
                condition=Q(parent=None)
                | Q(kind="comment", at_seconds=None, quote="", featured_at=None),
            ),
            models.CheckConstraint(
                name="comment_is_hidden_with_a_reason_and_not_featured",
                condition=Q(hidden_at=None, hidden_reason="")
                | Q(hidden_at__isnull=False, hidden_reason__gt="", featured_at=None),
            ),
            models.CheckConstraint(
                name="comment_is_public_only_while_featured",
                condition=Q(is_public_safe=False) | Q(featured_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(fields=["lesson", "-created_at"], name="comments_of_a_lesson"),
            models.Index(
                fields=["course", "-featured_at"],
                name="comments_shown_to_all",
                condition=Q(is_public_safe=True),
            ),
            models.Index(fields=["-created_at"], name="comments_newest_first"),
        ]

    def __str__(self) -> str:
        """Without its words: the log keeps what it is called, for good."""
        return f"#{self.pk}"

    @property
    def is_question(self) -> bool:
        return self.kind == self.Kind.QUESTION

    @property
    def is_removed(self) -> bool:
        return self.removed_at is not None

    @property
    def is_hidden(self) -> bool:
        return self.hidden_at is not None

    @property
    def is_featured(self) -> bool:
        return self.featured_at is not None

    @property
    def talk_url(self) -> str:
        """Where it stands, on whichever page of the talk."""
        return f"{reverse('lesson_talk', args=[self.lesson_id])}?to={self.pk}#comment-{self.pk}"

    @property
    def author_name(self) -> str:
        """Empty for one who gave none, or whose account is gone."""
        return self.author.name if self.author else ""

    @property
    def heard_at(self) -> str:
        """4:18, or nothing."""
        return "" if self.at_seconds is None else clock_time(self.at_seconds)
