"""What the front page is built from. Blocks name what floors above keep; templates fetch it."""

from django.utils.translation import gettext_lazy as _
from wagtail import blocks


def _heading() -> blocks.CharBlock:
    words = _("Empty: the interface's own word, in the reader's language.")
    return blocks.CharBlock(label=_("Heading"), required=False, help_text=words)


class HeroBlock(blocks.StructBlock):
    """What the site is, in a sentence, and one thing to do."""

    heading = blocks.CharBlock(label=_("Heading"), max_length=30)
    text = blocks.CharBlock(label=_("Text"), max_length=80, required=False)
    page = blocks.PageChooserBlock(
        label=_("Leads to"), required=False, help_text=_("None: no button.")
    )
    label = blocks.CharBlock(label=_("Words on the button"), max_length=12, required=False)
    visitors_only = blocks.BooleanBlock(
        label=_("Only for those who have not signed in"), default=True, required=False
    )

    class Meta:
        icon = "title"
        label = _("Opening")
        template = "blocks/hero.html"


class FreeLessonBlock(blocks.StructBlock):
    lesson = blocks.PageChooserBlock(page_type="courses.LessonPage", label=_("Lesson"))
    line = blocks.CharBlock(required=False, label=_("Line"))

    class Meta:
        icon = "media"
        label = _("Today's free lesson")
        template = "blocks/free_lesson.html"


class CoursesBlock(blocks.StructBlock):
    heading = _heading()
    courses = blocks.ListBlock(
        blocks.PageChooserBlock(page_type="courses.CoursePage"),
        label=_("Courses"),
        help_text=_("None: the newest."),
        default=[],
    )

    class Meta:
        icon = "folder-open-inverse"
        label = _("Courses")
        template = "blocks/courses.html"


class TracksBlock(blocks.StructBlock):
    heading = _heading()

    class Meta:
        icon = "arrow-right"
        label = _("Tracks")
        template = "blocks/tracks.html"


class DisciplinesBlock(blocks.StructBlock):
    heading = _heading()

    class Meta:
        icon = "site"
        label = _("By discipline")
        template = "blocks/disciplines.html"


class ArticlesBlock(blocks.StructBlock):
    heading = _heading()

    class Meta:
        icon = "doc-full"
        label = _("Articles")
        template = "blocks/articles.html"


class MembershipBlock(blocks.StructBlock):
    line = blocks.CharBlock(label=_("Line"))

    class Meta:
        icon = "tag"
        label = _("Membership")
        template = "blocks/membership.html"


class HomeBlock(blocks.StreamBlock):
    hero = HeroBlock()
    going_on = blocks.StaticBlock(
        label=_("Go on"),
        admin_text=_("What whoever looks goes on with; nothing for visitors."),
        icon="redirect",
        template="learning/continue.html",
    )
    free_lesson = FreeLessonBlock()
    tracks = TracksBlock()
    courses = CoursesBlock()
    disciplines = DisciplinesBlock()
    articles = ArticlesBlock()
    membership = MembershipBlock()

    class Meta:
        required = False
        block_counts = {"hero": {"max_num": 1}, "going_on": {"max_num": 1}}
