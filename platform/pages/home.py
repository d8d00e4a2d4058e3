"""The front page, made by editors from blocks."""

from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel
from wagtail.fields import StreamField
from wagtail.models import Page

from pages.home_blocks import HomeBlock


class HomePage(Page):
    body = StreamField(HomeBlock(), blank=True, verbose_name=_("Body"))

    content_panels = [
        *Page.content_panels,
        FieldPanel(
            "body", help_text=_("The front page, block by block, as it is seen from top to bottom.")
        ),
    ]
    max_count = 1
    private_page_options: list[str] = []
    parent_page_types = ["wagtailcore.Page"]
    template = "pages/home.html"

    class Meta:
        verbose_name = _("home page")

    @property
    def places_going_on(self) -> bool:
        """Whether an editor chose where one goes on; else the page begins with it."""
        return any(block.block_type == "going_on" for block in self.body)
