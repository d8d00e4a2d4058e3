"""What a site has from its first day, made after migrations and made again if it is missing."""

from functools import partial
from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.db import transaction
from wagtail.models import Collection, Locale, Page, Site

from accounts import consents
from accounts.models import Consent
from pages import review, texts
from pages.models import HomePage, PlainPage, SiteSettings

# Setting → name of the text, which is the slug of its page too.
LEGAL = {
    "terms_page": "terms",
    "privacy_page": "privacy",
    "refunds_page": "refunds",
    "contact_page": "contact",
}


@transaction.atomic
def setup_site() -> SiteSettings:
    """The default site with its settings and four plain pages, published, to be edited."""
    site = _default_site()
    found, _ = SiteSettings.objects.get_or_create(site=site)
    for setting, slug in LEGAL.items():
        if getattr(found, f"{setting}_id") is None:
            setattr(found, setting, _plain_page(site.root_page, slug))
    found.save()
    review.setup(site.root_page)
    return found


def setup_after_migrations(using: str, **kwargs: Any) -> None:
    if using == "default":
        setup_site()


def register_consent_texts() -> None:
    for kind, setting in (
        (Consent.Kind.TERMS, "terms_page"),
        (Consent.Kind.PRIVACY, "privacy_page"),
    ):
        consents.register_text(kind, partial(version_of, setting))


def version_of(setting: str) -> str:
    """The version of the page that a setting of the default site names, if it is published."""
    row = SiteSettings.objects.filter(
        site__is_default_site=True, **{f"{setting}__live": True}
    ).values_list(f"{setting}__version", flat=True)
    return next((version.isoformat() for version in row), "")


def _default_site() -> Site:
    """The site that follows BASE_URL, with its front page; in a database that was flushed too."""
    locale, _ = Locale.objects.get_or_create(language_code=settings.LANGUAGE_CODE)
    if not Collection.objects.exists():
        Collection.add_root(name="Root")
    root = Page.objects.filter(depth=1).first() or Page.add_root(title="Root", slug="root")
    home = HomePage.objects.first()
    if home is None:
        home = HomePage(title=settings.WAGTAIL_SITE_NAME, slug="front", locale=locale)
        root.add_child(instance=home)
        Page.objects.filter(depth=2, slug="home", content_type__model="page").delete()
    address = urlsplit(settings.BASE_URL)
    site, _ = Site.objects.update_or_create(
        is_default_site=True,
        defaults={
            "hostname": address.hostname or "localhost",
            "port": address.port or (443 if address.scheme == "https" else 80),
            "root_page": home,
            "site_name": settings.WAGTAIL_SITE_NAME,
        },
    )
    return site


def _plain_page(home: Page, slug: str) -> PlainPage:
    page = PlainPage.objects.child_of(home).filter(slug=slug).first()
    if page is None:
        title, body = texts.load(slug)
        page = PlainPage(title=title, slug=slug, body=body, locale=home.locale)
        home.add_child(instance=page)
        page.save_revision().publish()
        page.refresh_from_db()
    return page
