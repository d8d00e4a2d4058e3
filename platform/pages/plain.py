"""Plain pages: what the law and people ask for."""

from datetime import date

from django.core.exceptions import ValidationError
from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel
from wagtail.fields import RichTextField
from wagtail.models import Page

from operations.reserved_slugs import is_reserved

BODY = FieldPanel(
    "body", help_text=_("Second-level headings divide it; links lead to other pages of the site.")
)
FEATURES = ["h2", "h3", "bold", "ul", "ol", "link", "hr"]


def today() -> date:
    return timezone.localdate()


class PlainPage(Page):
    """A title and a text, with the date of its present version, which consents record."""

    body = RichTextField(_("Body"), features=FEATURES, blank=True)
    version = models.DateField(
        _("Version"),
        default=today,
        help_text=_(
            "Shown under the title and recorded with each consent. Change it when the "
            "meaning of the text changes."
        ),
    )

    template = "pages/plain_page.html"
    content_panels = [*Page.content_panels, BODY, FieldPanel("version")]
    parent_page_types = ["pages.HomePage"]
    private_page_options: list[str] = []
    subpage_types: list[str] = []

    class Meta:
        verbose_name = _("plain page")
        verbose_name_plural = _("plain pages")

    def clean(self) -> None:
        super().clean()
        if is_reserved(self.slug):
            raise ValidationError(
                {"slug": _("This address belongs to the site itself. Choose another one.")}
            )
