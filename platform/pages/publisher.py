"""Whose site this is: the settings that its publisher makes."""

from typing import Any

from django.core.validators import MaxLengthValidator
from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import FieldPanel, MultiFieldPanel, PageChooserPanel
from wagtail.contrib.settings.models import BaseSiteSetting, register_setting


def _text(label: Any) -> models.ForeignKey:
    return models.ForeignKey(
        "pages.PlainPage",
        verbose_name=label,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
    )


@register_setting(icon="site", order=100)
class SiteSettings(BaseSiteSetting):
    """Whose site this is, as learners see it."""

    select_related = ["terms_page", "privacy_page", "refunds_page", "contact_page"]

    name = models.CharField(_("Name of the site"), max_length=40, blank=True)
    seal = models.CharField(
        _("Seal"),
        max_length=1,
        blank=True,
        validators=[MaxLengthValidator(1)],
        help_text=_("One character, on covers and beside the name."),
    )
    tagline = models.CharField(_("Tagline"), max_length=60, blank=True)
    contact_email = models.EmailField(_("E-mail for questions"), blank=True)
    show_contact_email = models.BooleanField(_("Show the e-mail in the footer"), default=True)
    icp_number = models.CharField(
        _("ICP number"), max_length=60, blank=True, help_text=_("For example 京ICP备2026000001号.")
    )
    show_icp_number = models.BooleanField(_("Show the ICP number in the footer"), default=True)
    terms_page = _text(_("Terms of service"))
    privacy_page = _text(_("Privacy policy"))
    refunds_page = _text(_("Refund rules"))
    contact_page = _text(_("Contact"))

    panels = [
        MultiFieldPanel(
            [
                FieldPanel(
                    "name",
                    help_text=_("Learners see it on every page and in every mail."),
                ),
                FieldPanel("seal"),
                FieldPanel("tagline", help_text=_("One line over the footer of every page.")),
            ],
            heading=_("Name"),
        ),
        MultiFieldPanel(
            [
                FieldPanel(
                    "contact_email", help_text=_("Where people who paid can reach a person.")
                ),
                FieldPanel("show_contact_email"),
                FieldPanel("icp_number"),
                FieldPanel(
                    "show_icp_number",
                    help_text=_("A site on a server in mainland China must show it."),
                ),
            ],
            heading=_("Footer"),
        ),
        MultiFieldPanel(
            [
                PageChooserPanel("terms_page"),
                PageChooserPanel("privacy_page"),
                PageChooserPanel("refunds_page"),
                PageChooserPanel("contact_page"),
            ],
            heading=_("Pages for the law and for people"),
            help_text=_("They stand in the footer once published; who signs up agrees to two."),
        ),
    ]

    class Meta:
        verbose_name = _("Site settings")

    def __str__(self) -> str:
        return self.name or str(_("Site settings"))
