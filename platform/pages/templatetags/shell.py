"""What the page shell and the components need: icons, the reader's choices, languages."""

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.template.context import Context
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import get_language

from operations import sentences
from pages import languages

register = template.Library()

# Cookies the Aa sheet writes (static/js/reader.js), and what they may say.
READER = {
    "theme": {"paper", "white", "night"},
    "text": {"16", "18", "20", "22"},
    "face": {"sans"},
    "width": {"narrow", "wide"},
}


@register.simple_tag
def icon(name: str, label: str = "", kind: str = "") -> SafeString:
    """One symbol of static/icons/sprite.svg; silent to a screen reader unless it has a label."""
    role = format_html('role="img" aria-label="{}"', label) if label else 'aria-hidden="true"'
    return format_html(
        '<svg class="icon icon-{}{}" {}><use href="{}#{}"/></svg>',
        name,
        format_html(" icon-{}", kind) if kind else "",
        SafeString(role),
        static("icons/sprite.svg"),
        name,
    )


@register.simple_tag(takes_context=True)
def reader_attributes(context: Context) -> SafeString:
    """What the Aa sheet chose as data attributes of <html>; other values are ignored."""
    request: HttpRequest | None = context.get("request")
    cookies = request.COOKIES if request else {}
    chosen = (
        (name, cookies[f"rz_{name}"])
        for name, allowed in READER.items()
        if cookies.get(f"rz_{name}") in allowed
    )
    return format_html_join("", ' data-{}="{}"', chosen)


@register.filter
def two_digits(number: int | str) -> str:
    """7 → 07, as lessons are counted; words stay as they are."""
    return f"{number:02d}" if isinstance(number, int) else number


@register.filter
def first_character(name: str) -> str:
    """What a portrait without a picture shows."""
    return name.strip()[:1].upper()


@register.filter
def words(text: str) -> list[str]:
    """ "1 2" → ["1", "2"], for short fixed lists in templates."""
    return text.split()


@register.simple_tag(takes_context=True)
def here(context: Context, address: str) -> SafeString:
    """aria-current for a link of the shell: page on it, true on what lies under it.

    A page of signing in (allauth's `redirect_field_value`) stands where it leads.
    """
    request: HttpRequest | None = context.get("request")
    if request is None:
        return SafeString("")
    stands = context.get("redirect_field_value") or request.path
    if stands != address and (address == "/" or not stands.startswith(address)):
        return SafeString("")
    return SafeString(f' aria-current="{"page" if request.path == address else "true"}"')


@register.filter
def language_tag(language: str) -> str:
    """zh-hans → zh-Hans, for lang="…"."""
    return languages.tag_of(language)


@register.simple_tag
def content_lang() -> SafeString:
    """lang="…" for an element that holds editors' words, where the interface speaks another
    language: <h1{% content_lang %}>. Costs no query."""
    tag = languages.of_content()
    return format_html(' lang="{}"', tag) if tag else SafeString("")


@register.simple_tag
def interface_lang() -> SafeString:
    """lang="…" for the site's own words inside an element that has content_lang."""
    if not languages.of_content():
        return SafeString("")
    return format_html(' lang="{}"', languages.tag_of(get_language() or settings.LANGUAGE_CODE))


@register.simple_tag
def gap() -> str:
    """Between two sentences: see operations.sentences."""
    return sentences.gap()


@register.filter
def as_content(words: object) -> str:
    """{% blocktranslate with title=course.title|as_content %}: see pages.languages."""
    return languages.as_content(words)


@register.filter
def mark_latin(html: object) -> SafeString:
    """Editors' HTML, its runs of Latin words marked as English: {{ value|richtext|mark_latin }}."""
    return languages.mark_latin(str(html))
