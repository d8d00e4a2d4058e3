"""Lessons: what is paid for."""

from typing import Any

from django.db import models
from django.http import HttpRequest, HttpResponse
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.admin.panels import FieldPanel, FieldRowPanel, MultiFieldPanel
from wagtail.documents.blocks import DocumentChooserBlock
from wagtail.fields import StreamField
from wagtail.models import Page
from wagtail.search import index
from wagtailmedia.edit_handlers import MediaChooserPanel

from courses.blocks import TeachingBodyBlock
from courses.forms import CopyWithoutAliasForm, LessonForm
from courses.markers import validate_markers
from courses.preview import PREVIEW_MODES, VISITOR
from courses.quiz_blocks import QuizBlock
from courses.transcripts import validate_transcript


class LessonPage(Page):
    """One lesson. Title, question, summary and length are public; the rest follows access."""

    class Kind(models.TextChoices):
        PREFACE = "preface", _("Preface")
        REGULAR = "regular", _("Lesson")
        EXTRA = "extra", _("Extra")
        ANSWERS = "answers", _("Questions answered")

    kind = models.CharField(_("Kind"), max_length=10, choices=Kind.choices, default=Kind.REGULAR)
    chapter_key = models.UUIDField(_("Chapter"), null=True, blank=True)
    question = models.CharField(
        _("The question it answers"),
        max_length=120,
        blank=True,
        help_text=_("Public: it stands on the sales page."),
    )
    summary = models.CharField(
        _("Summary"), max_length=200, blank=True, help_text=_("Public: give nothing away.")
    )
    audio = models.ForeignKey(
        "courses.PrivateMedia",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        limit_choices_to={"type": "audio"},
        verbose_name=_("Audio"),
    )
    video = models.ForeignKey(
        "courses.PrivateMedia",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        limit_choices_to={"type": "video"},
        verbose_name=_("Video"),
    )
    voice_note = models.CharField(
        _("Note on the voice"), max_length=40, blank=True, help_text=_("For example 合成语音")
    )
    transcript = models.TextField(
        _("Transcript (WebVTT)"), blank=True, validators=[validate_transcript]
    )
    markers = models.TextField(
        _("Markers"), blank=True, db_default="", default="", validators=[validate_markers]
    )
    body = StreamField(TeachingBodyBlock(), blank=True, verbose_name=_("Body"))
    minutes = models.PositiveSmallIntegerField(
        _("Minutes"),
        default=0,
        help_text=_("How long it takes to read; 0: from the audio, or from the text."),
    )
    free_preview = models.BooleanField(_("Free preview"), default=False)
    attachments = StreamField(
        [
            (
                "attachment",
                blocks.StructBlock(
                    [
                        ("document", DocumentChooserBlock(label=_("File"))),
                        ("title", blocks.CharBlock(label=_("Title"), required=False)),
                    ],
                    label=_("Attachment"),
                ),
            )
        ],
        blank=True,
        verbose_name=_("Attachments"),
    )
    quiz = StreamField(
        QuizBlock(),
        blank=True,
        default=[],
        db_default=models.Value([], models.JSONField()),
        verbose_name=_("Quiz"),
    )
    # Kept by `courses.lessons` and `courses.quizzes`, for lists that must not load the body.
    seconds = models.PositiveIntegerField(default=0, editable=False)
    characters = models.PositiveIntegerField(default=0, editable=False)
    quiz_questions = models.PositiveSmallIntegerField(default=0, db_default=0, editable=False)
    quiz_counts = models.BooleanField(default=False, db_default=False, editable=False)
    unpublished_alone = models.BooleanField(default=False, editable=False)

    base_form_class = LessonForm
    content_panels = [
        *Page.content_panels,
        FieldRowPanel(
            [
                FieldPanel("kind", help_text=_("Only lessons proper are numbered.")),
                FieldPanel(
                    "chapter_key", help_text=_("Chapters are made on the page of the course.")
                ),
            ]
        ),
        FieldPanel(
            "free_preview", help_text=_("Everybody can open it, without an account and in full.")
        ),
        "question",
        "summary",
        MultiFieldPanel(
            [
                MediaChooserPanel(
                    "audio",
                    media_type="audio",
                    help_text=_("MP3 or M4A at best (OGG, WAV, FLAC too). Its length is read."),
                ),
                MediaChooserPanel(
                    "video",
                    media_type="video",
                    help_text=_("MP4. It takes the place of the audio."),
                ),
                "voice_note",
                FieldPanel("transcript_file", heading=_("Transcript from a file")),
                FieldPanel(
                    "transcript",
                    help_text=_("Sentences with their times: they light up as they are heard."),
                ),
                FieldPanel(
                    "markers",
                    help_text=_(
                        "Where its parts begin, one a line: 4:18 title. Left empty, the headings "
                        "of the text are used where the transcript tells when they are heard."
                    ),
                ),
                "minutes",
            ],
            heading=_("Sound, video, transcript"),
        ),
        FieldPanel(
            "body", help_text=_("What is read. Left empty, the transcript is shown as the text.")
        ),
        FieldPanel(
            "quiz",
            help_text=_(
                "At the end of the lesson, on a page of its own. What is right is shown to whoever "
                "has answered, and to nobody else."
            ),
        ),
        FieldPanel("attachments", help_text=_("Files to take away, at the end of the lesson.")),
    ]
    parent_page_types = ["courses.CoursePage"]
    subpage_types: list[str] = []
    copy_form_class = CopyWithoutAliasForm
    private_page_options: list[str] = []
    preview_modes = PREVIEW_MODES
    # Public words only: whoever may search must not find paid text.
    search_fields = [
        *Page.search_fields,
        index.SearchField("question"),
        index.AutocompleteField("question"),
        index.SearchField("summary"),
        index.AutocompleteField("summary"),
    ]

    class Meta:
        verbose_name = _("lesson")
        verbose_name_plural = _("lessons")

    def clean(self) -> None:
        super().clean()
        from courses import lessons, quizzes

        self.seconds, self.characters = lessons.measure(self)
        self.quiz_questions, self.quiz_counts = quizzes.measure(self)

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        from courses.lesson_views import serve_lesson

        return serve_lesson(request, self)

    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponse:
        from courses.lesson_views import preview

        return preview(request, self, mode=mode_name)

    def is_open_in(self, mode: str) -> bool:
        """Whether the preview in this mode shows the lesson itself, not its sales page."""
        return mode != VISITOR or self.free_preview
