"""What a page shows of its publisher: name, seal, legal pages. One query a page at most, memoised
on the request.
"""

from dataclasses import dataclass
from datetime import date

from django.conf import settings
from django.http import HttpRequest

from pages import edition
from pages.models import SiteSettings
from pages.setup import LEGAL

MEMO = "_site_shown"


@dataclass(frozen=True)
class Link:
    key: str  # terms, privacy, refunds, contact
    title: str
    url: str
    version: date


@dataclass(frozen=True)
class SiteShown:
    """What a page shows of the site."""

    name: str
    seal: str
    tagline: str
    icp_number: str
    contact_email: str
    links: tuple[Link, ...]
    sandbox: bool

    @property
    def legal(self) -> list[tuple[str, str]]:
        return [(link.title, link.url) for link in self.links]


def shown_to(request: HttpRequest | None) -> SiteShown:
    found: SiteShown | None = getattr(request, MEMO, None)
    if found is None:
        found = edition.get_or_make("site", _shown)
        if request is not None:
            setattr(request, MEMO, found)
    return found


def _shown() -> SiteShown:
    chosen = (
        SiteSettings.objects.filter(site__is_default_site=True)
        .select_related(*SiteSettings.select_related)
        .first()
    ) or SiteSettings()
    pages = [(key, getattr(chosen, setting)) for setting, key in LEGAL.items()]
    return SiteShown(
        name=chosen.name or settings.WAGTAIL_SITE_NAME,
        seal=chosen.seal or "知",
        tagline=chosen.tagline,
        icp_number=chosen.icp_number if chosen.show_icp_number else "",
        contact_email=chosen.contact_email if chosen.show_contact_email else "",
        links=tuple(
            # Right below the front page: the slug is the address, and costs no query.
            Link(key, page.title, f"/{page.slug}/", page.version)
            for key, page in pages
            if page and page.live
        ),
        sandbox=settings.STRIPE_SANDBOX,
    )
