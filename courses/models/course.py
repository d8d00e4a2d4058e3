"""The catalogue and its courses."""

import uuid
from datetime import date
from typing import Any

from django import forms
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalKey, ParentalManyToManyField
from wagtail.admin.panels import FieldPanel, FieldRowPanel, InlinePanel, MultiFieldPanel
from wagtail.fields import RichTextField, StreamField
from wagtail.models import Orderable, Page
from wagtail.search import index

from courses.blocks import FaqBlock
from courses.forms import CopyWithoutAliasForm
from courses.models.certificates import (
    GivesCertificate,
    certificate_asks_parts,
    certificate_panel,
)
from courses.models.lists import ListPage
from courses.preview import PREVIEW_MODES, VISITOR


class CataloguePage(ListPage):
    stable_slug, given_title, word = "courses", "课程", _("Courses")
    subpage_types = ["courses.CoursePage"]
    introduction = models.CharField(_("Introduction"), max_length=200, blank=True)

    content_panels = [
        *Page.content_panels,
        FieldPanel(
            "introduction",
            help_text=_("One or two sentences over the list of courses, at most 200 characters."),
        ),
    ]

    class Meta:
        verbose_name = _("catalogue")

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        from courses.views import show_catalogue

        return show_catalogue(request, self)


class CoursePage(GivesCertificate):
    """A course: lessons in order, which its chapters group. Sellable."""

    class Form(models.TextChoices):
        AUDIO = "audio", _("Audio")
        VIDEO = "video", _("Video")
        TEXT = "text", _("Text and pictures")

    form = models.CharField(_("Form"), max_length=10, choices=Form.choices, default=Form.AUDIO)
    subtitle = models.CharField(_("Subtitle"), max_length=60, blank=True)
    promise = models.CharField(
        _("Promise"), max_length=40, blank=True, help_text=_("One sentence, at most 40 characters.")
    )
    for_whom = models.TextField(_("For whom"), blank=True, help_text=_("One line each."))
    introduction = RichTextField(
        _("Introduction"), blank=True, features=["h3", "bold", "ul", "ol", "link"]
    )
    questions = StreamField([("faq", FaqBlock())], blank=True, verbose_name=_("Questions"))
    instructor = models.ForeignKey(
        "courses.Instructor",
        on_delete=models.PROTECT,
        null=True,
        related_name="courses",
        verbose_name=_("Instructor"),
    )
    disciplines = ParentalManyToManyField(
        "courses.Discipline", blank=True, related_name="courses", verbose_name=_("Disciplines")
    )
    cover = models.ForeignKey(
        "courses.PrivateImage",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("Cover"),
        help_text=_("Upright, 3:4, at least 900 × 1200 pixels."),
    )
    memberships = ParentalManyToManyField(
        "courses.Membership",
        blank=True,
        related_name="+",
        verbose_name=_("Memberships that include it"),
    )
    opens_on = models.DateField(
        _("Opens on"),
        null=True,
        blank=True,
        help_text=_("A date to come makes this a planned course: it cannot be bought yet."),
    )
    planned_lessons = models.PositiveSmallIntegerField(
        _("Planned lessons"), default=0, help_text=_("How many there will be; 0: as many as stand.")
    )
    rhythm = models.CharField(
        _("Rhythm"), max_length=40, blank=True, help_text=_("For example 周一三五 6:00")
    )
    quizzes_count = models.BooleanField(
        _("Quizzes count"),
        default=False,
        db_default=False,
        help_text=_("A lesson with a quiz is done only when its quiz was passed, too."),
    )
    pass_percent = models.PositiveSmallIntegerField(
        _("Passed from, in percent"),
        default=60,
        db_default=60,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_("How much of a quiz must be right to pass it."),
    )

    content_panels = [
        *Page.content_panels,
        FieldRowPanel(
            [
                FieldPanel("form", help_text=_("How it is mainly taught.")),
                FieldPanel(
                    "instructor", help_text=_("Stands under the title, with a page of their own.")
                ),
            ]
        ),
        FieldPanel("subtitle", help_text=_("Under the title. At most 60 characters.")),
        FieldPanel(
            "promise",
            help_text=_("What one can do afterwards. One sentence, at most 40 characters."),
        ),
        "cover",
        FieldPanel(
            "introduction",
            help_text=_("On the course's page, after the promise: what it is about, in short."),
        ),
        FieldPanel("for_whom", help_text=_("Whom it helps, on the course's page. One line each.")),
        InlinePanel(
            "chapters",
            heading=_("Chapters"),
            label=_("Chapter"),
            help_text=_("Each lesson says which chapter it stands in."),
        ),
        FieldPanel(
            "questions", help_text=_("What people ask before they buy: last on the course's page.")
        ),
    ]
    settings_panels = [
        MultiFieldPanel(
            [
                FieldPanel(
                    "memberships",
                    widget=forms.CheckboxSelectMultiple,
                    help_text=_("Members open the course as soon as it is published."),
                ),
                FieldPanel(
                    "disciplines",
                    widget=forms.CheckboxSelectMultiple,
                    help_text=_("Where it is found; the first one colours the drawn cover."),
                ),
            ],
            heading=_("Where it belongs"),
        ),
        MultiFieldPanel(["opens_on", "planned_lessons", "rhythm"], heading=_("Rhythm")),
        MultiFieldPanel(["quizzes_count", "pass_percent"], heading=_("Quizzes")),
        certificate_panel(),
        *Page.settings_panels,
    ]
    parent_page_types = ["courses.CataloguePage"]
    subpage_types = ["courses.LessonPage"]
    admin_default_ordering = "ord"  # as the course has them, not the last edited first
    copy_form_class = CopyWithoutAliasForm
    private_page_options: list[str] = []
    preview_modes = PREVIEW_MODES
    # What is near the title, and so counts more, is in both kinds (courses/search/matching.py).
    search_fields = [
        *Page.search_fields,
        index.SearchField("subtitle"),
        index.AutocompleteField("subtitle"),
        index.SearchField("promise"),
        index.AutocompleteField("promise"),
        index.SearchField("introduction"),
        index.SearchField("for_whom"),
        index.RelatedFields("instructor", [index.SearchField("name")]),
        index.RelatedFields("disciplines", [index.SearchField("name")]),
        index.FilterField("form"),
    ]

    live_lessons = 0  # set by `queries.cards`
    withdrawn_lessons = 0  # set by `queries.courses` and `queries.bare_courses`
    cover_ground = ""  # set by `queries.bare_courses`

    class Meta:
        verbose_name = _("course")
        verbose_name_plural = _("courses")
        constraints = [
            models.CheckConstraint(
                name="course_is_passed_by_a_part", condition=Q(pass_percent__range=(1, 100))
            ),
            certificate_asks_parts("course_certificate_asks_parts"),
        ]

    def get_absolute_url(self) -> str:
        return reverse("course", args=[self.slug])

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        from courses.views import course

        return course(request, self.slug)

    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponse:
        from courses.views import show_course

        return show_course(request, self, has_grant=mode_name != VISITOR)

    @property
    def lessons_in_all(self) -> int:
        """How many were planned, without those that were taken out again."""
        return max(self.planned_lessons - self.withdrawn_lessons, 0)

    def is_planned(self, today: date) -> bool:
        return self.opens_on is not None and self.opens_on > today


class Chapter(Orderable):
    """A heading over consecutive lessons. Lessons name it by its key: no foreign key ever does."""

    course = ParentalKey(CoursePage, on_delete=models.CASCADE, related_name="chapters")
    key = models.UUIDField(default=uuid.uuid4, editable=False)
    title = models.CharField(_("Title"), max_length=60)

    class Meta(Orderable.Meta):
        verbose_name = _("chapter")
        verbose_name_plural = _("chapters")

    def __str__(self) -> str:
        return self.title
