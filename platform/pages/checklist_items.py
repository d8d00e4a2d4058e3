"""The items of 开站清单 that this floor and those below know of."""

from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from accounts import first_operator, mail
from pages import texts
from pages.checklist import register
from pages.models import SiteSettings


def _settings() -> SiteSettings:
    chosen = SiteSettings.objects.filter(site__is_default_site=True).first()
    return chosen or SiteSettings()


def _settings_url() -> str:
    chosen = _settings()
    if chosen.pk is None:
        return ""
    return reverse("wagtailsettings:edit", args=["pages", "sitesettings", chosen.site_id])


def _is_written(setting: str, name: str) -> bool:
    page = getattr(_settings(), setting)
    return bool(page and page.live and page.body and not texts.is_untouched(name, page.body))


def _page_url(setting: str) -> str:
    page = getattr(_settings(), f"{setting}_id")
    return reverse("wagtailadmin_pages:edit", args=[page]) if page else _settings_url()


register(
    "operator",
    label=_("First operator"),
    hint=_("Somebody must run the site."),
    is_done=first_operator.is_over,
)
register(
    "name",
    label=_("Name of the site"),
    hint=_("Learners see it on every page and in every mail."),
    url=_settings_url,
    is_done=lambda: bool(_settings().name),
)
register(
    "seal",
    label=_("Seal"),
    hint=_("One character, on covers and beside the name."),
    url=_settings_url,
    is_done=lambda: bool(_settings().seal),
)
register(
    "terms",
    label=_("Terms of service"),
    hint=_("The text delivered with the software is a draft: make it yours."),
    url=lambda: _page_url("terms_page"),
    is_done=lambda: _is_written("terms_page", "terms"),
)
register(
    "privacy",
    label=_("Privacy policy"),
    hint=_("The text delivered with the software is a draft: make it yours."),
    url=lambda: _page_url("privacy_page"),
    is_done=lambda: _is_written("privacy_page", "privacy"),
)
register(
    "refunds",
    label=_("Refund rules"),
    hint=_("They stand beside every price: make them yours."),
    url=lambda: _page_url("refunds_page"),
    is_done=lambda: _is_written("refunds_page", "refunds"),
)
register(
    "contact",
    label=_("E-mail for questions"),
    hint=_("Where people who paid can reach a person."),
    url=_settings_url,
    is_done=lambda: bool(_settings().contact_email),
)
register(
    "icp",
    label=_("ICP number"),
    hint=_("A site on a server in mainland China must show it."),
    url=_settings_url,
    is_done=lambda: bool(_settings().icp_number),
)
register(
    "mail",
    label=_("Mail"),
    hint=_("Without EMAIL_URL no mail leaves the site: nobody can confirm an address."),
    is_done=mail.server_is_set,
)
