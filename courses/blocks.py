"""Blocks that know what is taught: the product card, attachments' place in a body."""

from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.snippets.blocks import SnippetChooserBlock

from pages.blocks import BodyBlock


class ProductCardBlock(blocks.StructBlock):
    """A course or a membership offered inside the scene that made it wanted."""

    course = blocks.PageChooserBlock(
        label=_("Course"), page_type="courses.CoursePage", required=False
    )
    membership = SnippetChooserBlock("courses.Membership", label=_("Membership"), required=False)
    line = blocks.CharBlock(label=_("Line"), max_length=60, required=False)

    class Meta:
        icon = "tag"
        label = _("Product card")
        template = "blocks/product_card.html"

    def clean(self, value: blocks.StructValue) -> blocks.StructValue:
        cleaned = super().clean(value)
        if bool(cleaned["course"]) == bool(cleaned["membership"]):
            message = blocks.StructBlockValidationError(
                non_block_errors=[_("Choose either a course or a membership.")]
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
