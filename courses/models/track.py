"""Tracks: stages of courses and lessons towards an aim."""

from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, MultiFieldPanel
from wagtail.fields import RichTextField, StreamField
from wagtail.models import Page
from wagtail.search import index

from courses.blocks import StagesBlock
from courses.forms import CopyWithoutAliasForm
from courses.models.certificates import (
    GivesCertificate,
    certificate_asks_parts,
    certificate_panel,
)
from courses.models.lists import ListPage
from courses.preview import PREVIEW_MODES, VISITOR


class TrackIndexPage(ListPage):
    stable_slug, given_title, word = "tracks", "学习路径", _("Tracks")
    subpage_types = ["courses.TrackPage"]
    introduction = models.CharField(_("Introduction"), max_length=200, blank=True)

    content_panels = [*Page.content_panels, "introduction"]

    class Meta:
        verbose_name = _("list of tracks")

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        from courses.track_views import show_tracks

        return show_tracks(request, self)


class TrackPage(GivesCertificate):
    """A way through several courses. A stage is known by its block's id; nobody's progress hangs
    on it, for that is kept by lesson (learning)."""

    aim = models.CharField(
        _("Aim"),
        max_length=60,
        help_text=_("One sentence, at most 60 characters: what one can do at the end."),
    )
    introduction = RichTextField(
        _("Introduction"), blank=True, features=["h3", "bold", "ul", "ol", "link"]
    )
    cover = models.ForeignKey(
        "courses.PrivateImage",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("Cover"),
        help_text=_("Upright, 3:4, at least 900 × 1200 pixels. Without one the path is drawn."),
    )
    stages = StreamField(
        StagesBlock(),
        verbose_name=_("Stages"),
        help_text=_(
            "What is removed or added later takes nothing away: lessons done stay done, and "
            "everybody's total is counted anew."
        ),
    )
    in_order = models.BooleanField(
        _("Stages in order"),
        default=False,
        db_default=False,
        help_text=_(
            "Whoever goes the track begins a stage when the one before is done. In their courses "
            "all lessons stay open as ever."
        ),
    )
    last_task_title = models.CharField(
        _("Title of the last task"), max_length=40, help_text=_("The question it ends with.")
    )
    last_task = models.TextField(
        _("Last task"),
        max_length=300,
        help_text=_("Public. What to do, and how long it may become."),
    )

    content_panels = [
        *Page.content_panels,
        "aim",
        "introduction",
        "cover",
        "stages",
        "in_order",
        MultiFieldPanel(
            ["last_task_title", FieldPanel("last_task")],
            heading=_("Last task"),
            help_text=_("Learners write their answer for themselves; nobody else sees it."),
        ),
    ]
    settings_panels = [certificate_panel(), *Page.settings_panels]
    parent_page_types = ["courses.TrackIndexPage"]
    subpage_types: list[str] = []
    copy_form_class = CopyWithoutAliasForm
    private_page_options: list[str] = []
    preview_modes = PREVIEW_MODES
    search_fields = [
        *Page.search_fields,
        index.SearchField("aim"),
        index.AutocompleteField("aim"),
        index.SearchField("introduction"),
        index.SearchField("stages"),  # their titles and lines
        index.SearchField("last_task_title"),
    ]

    class Meta:
        verbose_name = _("track")
        verbose_name_plural = _("tracks")
        constraints = [certificate_asks_parts("track_certificate_asks_parts")]

    def get_absolute_url(self) -> str:
        return reverse("track", args=[self.slug])

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        from courses.track_views import show_track

        return show_track(request, self)

    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponse:
        from courses.track_views import show_track

        return show_track(request, self, opens=mode_name != VISITOR)
