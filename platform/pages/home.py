"""The front page, made by editors from blocks."""

from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.fields import StreamField
from wagtail.models import Page


class HomePage(Page):
    body = StreamField(
        [
            (
                "free_lesson",
                blocks.StructBlock(
                    [
                        ("lesson", blocks.PageChooserBlock(page_type="courses.LessonPage")),
                        ("line", blocks.CharBlock(required=False, label=_("Line"))),
                    ],
                    label=_("Today's free lesson"),
                    icon="media",
                    template="blocks/free_lesson.html",
                ),
            ),
            (
                "courses",
                blocks.StructBlock(
                    [
                        ("heading", blocks.CharBlock(label=_("Heading"))),
                        (
                            "courses",
                            blocks.ListBlock(
                                blocks.PageChooserBlock(page_type="courses.CoursePage"),
                                label=_("Courses"),
                                help_text=_("None: the newest."),
                                default=[],
                            ),
                        ),
                    ],
                    label=_("Courses"),
                    icon="folder-open-inverse",
                    template="blocks/courses.html",
                ),
            ),
            (
                "articles",
                blocks.StructBlock(
                    [("heading", blocks.CharBlock(label=_("Heading")))],
                    label=_("Articles"),
                    icon="doc-full",
                    template="blocks/articles.html",
                ),
            ),
            (
                "membership",
                blocks.StructBlock(
                    [("line", blocks.CharBlock(label=_("Line")))],
                    label=_("Membership"),
                    icon="tag",
                    template="blocks/membership.html",
                ),
            ),
        ],
        blank=True,
        verbose_name=_("Body"),
    )

    content_panels = [*Page.content_panels, "body"]
    max_count = 1
    private_page_options: list[str] = []
    parent_page_types = ["wagtailcore.Page"]
    template = "pages/home.html"

    class Meta:
        verbose_name = _("home page")
