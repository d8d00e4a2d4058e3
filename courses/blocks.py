"""Blocks that know what is taught: the product card, questions, the stages of a track."""

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.snippets.blocks import SnippetChooserBlock

from pages.blocks import BodyBlock

MOST_STAGES = 7  # more would not be told apart in the picture
MOST_ITEMS = 20


class ProductCardBlock(blocks.StructBlock):
    """A course, a bundle or a membership offered inside the scene that made it wanted."""

    course = blocks.PageChooserBlock(
        label=_("Course"), page_type="courses.CoursePage", required=False
    )
    bundle = SnippetChooserBlock("courses.Bundle", label=_("Bundle"), required=False)
    membership = SnippetChooserBlock("courses.Membership", label=_("Membership"), required=False)
    line = blocks.CharBlock(label=_("Line"), max_length=60, required=False)

    class Meta:
        icon = "tag"
        label = _("Product card")
        template = "blocks/product_card.html"

    def clean(self, value: blocks.StructValue) -> blocks.StructValue:
        cleaned = super().clean(value)
        if sum(bool(cleaned[kind]) for kind in ("course", "bundle", "membership")) != 1:
            message = blocks.StructBlockValidationError(
                non_block_errors=[_("Choose one: a course, a bundle or a membership.")]
            )
            raise message
        return cleaned


class TeachingBodyBlock(BodyBlock):
    """The body of an article or a lesson."""

    product_card = ProductCardBlock()


class FaqBlock(blocks.StructBlock):
    question = blocks.CharBlock(label=_("Question"))
    answer = blocks.TextBlock(label=_("Answer"))

    class Meta:
        icon = "help"
        label = _("Question and answer")


class StageBlock(blocks.StructBlock):
    """A part of a track. What a learner did is not kept by it: it may change at any time."""

    title = blocks.CharBlock(label=_("Title"), max_length=12, help_text=_("A word or two."))
    line = blocks.CharBlock(
        label=_("Line"),
        max_length=60,
        required=False,
        help_text=_("What one can do after this stage."),
    )
    items = blocks.ListBlock(
        blocks.PageChooserBlock(
            label=_("Course or lesson"), page_type=["courses.CoursePage", "courses.LessonPage"]
        ),
        label=_("Courses and lessons"),
        help_text=_("In order. A course stands for all its lessons."),
        max_num=MOST_ITEMS,
    )

    class Meta:
        icon = "list-ol"
        label = _("Stage")
        label_format = "{title}"

    def clean(self, value: blocks.StructValue) -> blocks.StructValue:
        cleaned = super().clean(value)
        if not cleaned["items"] and not self.is_deferred_validation:
            raise blocks.StructBlockValidationError(
                block_errors={
                    "items": blocks.ListBlockValidationError(
                        non_block_errors=[_("Choose at least one course or lesson.")]
                    )
                }
            )
        return cleaned


class StagesBlock(blocks.StreamBlock):
    """The stages of a track, in which each page stands once."""

    stage = StageBlock()

    class Meta:
        min_num = 1
        max_num = MOST_STAGES

    def clean(self, value: blocks.StreamValue) -> blocks.StreamValue:
        cleaned = super().clean(value)
        if errors := _chosen_again(cleaned):
            raise blocks.StreamBlockValidationError(block_errors=errors)
        return cleaned


def _chosen_again(stages: blocks.StreamValue) -> dict[int, ValidationError]:
    """Errors, by stage, at every page that was chosen before."""
    seen: set[int] = set()
    found: dict[int, ValidationError] = {}
    for number, stage in enumerate(stages):
        errors: dict[int, Any] = {}
        for place, page in enumerate(stage.value["items"]):
            if page is not None and page.pk in seen:
                errors[place] = ValidationError(_("This stands in the track already."))
            elif page is not None:
                seen.add(page.pk)
        if errors:
            again = blocks.ListBlockValidationError(block_errors=errors)
            found[number] = blocks.StructBlockValidationError(block_errors={"items": again})
    return found
