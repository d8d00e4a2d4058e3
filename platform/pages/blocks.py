"""Blocks that any editorial page may be built from."""

from django.utils.translation import gettext_lazy as _
from wagtail import blocks
from wagtail.contrib.table_block.blocks import TableBlock
from wagtail.images.blocks import ImageChooserBlock

# No pictures, embeds or documents inside running text: those have blocks that check access.
RICH_TEXT_FEATURES = ["h2", "h3", "bold", "ol", "ul", "link", "superscript", "subscript"]


class QuoteBlock(blocks.StructBlock):
    text = blocks.TextBlock(label=_("Quotation"))
    source = blocks.CharBlock(label=_("Source"), required=False)

    class Meta:
        icon = "openquote"
        label = _("Quotation")
        template = "blocks/quote.html"


class PictureBlock(blocks.StructBlock):
    image = ImageChooserBlock(label=_("Picture"))
    alt = blocks.CharBlock(
        label=_("Description"),
        required=False,
        help_text=_("What the picture tells someone who cannot see it. Empty: decoration."),
    )
    caption = blocks.CharBlock(label=_("Caption"), required=False)

    class Meta:
        icon = "image"
        label = _("Picture")
        template = "blocks/picture.html"


class CalloutBlock(blocks.StructBlock):
    heading = blocks.CharBlock(label=_("Heading"), required=False)
    text = blocks.RichTextBlock(label=_("Text"), features=["bold", "link", "ul", "ol"])

    class Meta:
        icon = "info-circle"
        label = _("Callout")
        template = "blocks/callout.html"


class CodeBlock(blocks.StructBlock):
    language = blocks.CharBlock(label=_("Programming language"), required=False)
    code = blocks.TextBlock(label=_("Source code"), form_classname="monospace")

    class Meta:
        icon = "code"
        label = _("Source code")
        template = "blocks/code.html"


class QuestionBlock(blocks.StructBlock):
    text = blocks.TextBlock(label=_("Question"))

    class Meta:
        icon = "help"
        label = _("Question to ponder")
        template = "blocks/question.html"


class BodyBlock(blocks.StreamBlock):
    """The body of an article or a lesson, product cards aside."""

    text = blocks.RichTextBlock(
        label=_("Text"), features=RICH_TEXT_FEATURES, template="blocks/text.html"
    )
    quote = QuoteBlock()
    picture = PictureBlock()
    callout = CalloutBlock()
    code = CodeBlock()
    table = TableBlock(label=_("Table"), template="blocks/table.html")
    question = QuestionBlock()

    class Meta:
        required = False
