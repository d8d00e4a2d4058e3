"""Letters (来信): who gets them, and what they say."""

import uuid

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class LetterSubscription(models.Model):
    """An address that asked for the letters of an instructor, or of the publisher (no instructor).

    It counts from when its owner said yes in a mail of their own; ended, it stays three years as
    the proof of both.
    """

    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    email = models.EmailField()  # in lower case
    instructor = models.ForeignKey(
        "courses.Instructor",
        on_delete=models.CASCADE,
        null=True,
        blank=True,
        related_name="letter_subscriptions",
    )
    language = models.CharField(max_length=10, choices=settings.LANGUAGES)
    asked_at = models.DateTimeField()
    confirmed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("letter subscription")
        verbose_name_plural = _("letter subscriptions")
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["email", "instructor"], name="letters_of_an_instructor_once_an_address"
            ),
            models.UniqueConstraint(
                fields=["email"],
                condition=Q(instructor=None),
                name="letters_of_the_publisher_once_an_address",
            ),
            models.CheckConstraint(
                name="letters_end_after_they_were_confirmed",
                condition=Q(ended_at=None) | Q(confirmed_at__isnull=False),
            ),
        ]
        indexes = [
            models.Index(
                fields=["instructor", "id"],
                condition=Q(confirmed_at__isnull=False, ended_at=None),
                name="who_gets_letters",
            )
        ]

    def __str__(self) -> str:
        return str(self.key)

    @property
    def is_on(self) -> bool:
        return self.confirmed_at is not None and self.ended_at is None


class Letter(models.Model):
    """What an instructor or the publisher writes to those who asked for it; one a week at most."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("Draft")
        READY = "ready", _("Waits for its time")
        SENDING = "sending", _("Being sent")
        SENT = "sent", _("Sent")
        STOPPED = "stopped", _("Stopped")

    OPEN = (Status.DRAFT, Status.READY)  # may still be written at
    OUT = (Status.SENDING, Status.SENT)  # may be read by everybody

    instructor = models.ForeignKey(
        "courses.Instructor",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="letters",
        verbose_name=_("From the instructor"),
        help_text=_("Empty: from the publisher. It goes to those who asked for these letters."),
    )
    subject = models.CharField(_("Subject"), max_length=60)
    words = models.TextField(
        _("Letter"),
        max_length=10_000,
        help_text=_("Plain words. An empty line parts paragraphs; an address becomes a link."),
    )
    with_news = models.BooleanField(
        _("List what came out"),
        default=True,
        help_text=_("Courses, lessons and articles of the seven days before it is sent."),
    )
    send_at = models.DateTimeField(_("To be sent at"))
    status = models.CharField(
        _("State"), max_length=10, choices=Status.choices, default=Status.DRAFT, editable=False
    )
    week = models.DateField(editable=False)  # the Monday of the week it is sent in
    news = models.TextField(editable=False, default="", blank=True)  # as it was sent
    addresses = models.PositiveIntegerField(_("Addresses"), default=0, editable=False)
    queued = models.PositiveIntegerField(_("Sent"), default=0, editable=False)
    cursor = models.BigIntegerField(default=0, editable=False)  # the last subscription reached
    begun_at = models.DateTimeField(_("Sending began"), null=True, blank=True, editable=False)
    ended_at = models.DateTimeField(_("Sending ended"), null=True, blank=True, editable=False)

    class Meta:
        verbose_name = _("letter")
        verbose_name_plural = _("letters")
        ordering = ["-send_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["instructor", "week"],
                condition=~Q(status="draft"),
                name="letter_of_an_instructor_once_a_week",
                violation_error_message=_("There is a letter of this week. One a week is enough."),
            ),
            models.UniqueConstraint(
                fields=["week"],
                condition=~Q(status="draft") & Q(instructor=None),
                name="letter_of_the_publisher_once_a_week",
                violation_error_message=_("There is a letter of this week. One a week is enough."),
            ),
        ]

    def __str__(self) -> str:
        return self.subject

    @property
    def is_open(self) -> bool:
        return self.status in self.OPEN

    @property
    def sender(self) -> str:
        """For a list of those who write them."""
        return str(self.instructor or _("The publisher"))
