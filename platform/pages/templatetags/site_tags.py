"""{% load site %}: the publisher's name, seal and legal pages, for any template, request or not."""

from django import template
from django.http import HttpRequest
from django.template import Context

from pages.site_shown import Link, SiteShown, shown_to

register = template.Library()


def request_of(context: Context) -> HttpRequest | None:
    """The request of a page, in a template included with `only` too."""
    return context.get("request") or getattr(context, "request", None)


@register.simple_tag(takes_context=True)
def site_settings(context: Context) -> SiteShown:
    return shown_to(request_of(context))


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
