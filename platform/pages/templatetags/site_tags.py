"""{% load site %}: the publisher's name, seal and legal pages, for any template, request or not.

One query a page, memoised on the request.
"""

from dataclasses import dataclass
from datetime import date

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.template import Context

from pages.models import SiteSettings
from pages.setup import LEGAL

register = template.Library()
MEMO = "_site_shown"


@dataclass(frozen=True)
class Link:
    key: str  # terms, privacy, refunds, contact
    title: str
    url: str
    version: date


@dataclass(frozen=True)
class Shown:
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


def request_of(context: Context) -> HttpRequest | None:
    """The request of a page, in a template included with `only` too."""
    return context.get("request") or getattr(context, "request", None)


@register.simple_tag(takes_context=True)
def site_settings(context: Context) -> Shown:
    return shown_to(request_of(context))


def shown_to(request: HttpRequest | None) -> Shown:
    found: Shown | None = getattr(request, MEMO, None)
    if found is None:
        found = _shown()
        if request is not None:
            setattr(request, MEMO, found)
    return found


@register.simple_tag(takes_context=True)
def site_name(context: Context) -> str:
    return site_settings(context).name


@register.simple_tag(takes_context=True)
def site_seal(context: Context) -> str:
    return site_settings(context).seal


@register.simple_tag(takes_context=True)
def legal_links(context: Context) -> tuple[Link, ...]:
    """The published ones among terms, privacy, refunds, contact."""
    return site_settings(context).links


@register.simple_tag(takes_context=True)
def legal_url(context: Context, key: str) -> str:
    """The address of one of them, or "" where none is published."""
    return next((link.url for link in legal_links(context) if link.key == key), "")


def _shown() -> Shown:
    chosen = (
        SiteSettings.objects.filter(site__is_default_site=True)
        .select_related(*SiteSettings.select_related)
        .first()
    ) or SiteSettings()
    pages = [(key, getattr(chosen, setting)) for setting, key in LEGAL.items()]
    return Shown(
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
