"""What language words are in, for screen readers, hyphenation and fonts.

The interface speaks the reader's language; what editors write is in the site's (LANGUAGE_CODE), and
may quote others.
"""

import re

from django.conf import settings
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language

# "repeated game", "Johnson &amp; Johnson": a single word is a name or a loan, read well enough.
_WORD = r"[A-Za-z][A-Za-z'’.-]*[A-Za-z]|[A-Za-z]"
_RUN = re.compile(rf"(?<![&#\w])(?:{_WORD})(?:(?:,? | &amp; )(?:{_WORD}))+(?![\w;])")
_TAG = re.compile(r"(<[^>]*>)")
# Told already, or not to be spoken.
_LEFT_ALONE = re.compile(r"<(code|pre|script|style)\b|<(\w+)\b[^>]*\slang=")
_VOID = re.compile(r"<(?:br|hr|img|input|source|wbr)\b|/>$")


def tag_of(language: str) -> str:
    """A language as HTML writes it (BCP 47): zh-hans → zh-Hans."""
    name, _, script = language.partition("-")
    return f"{name}-{script.title()}" if len(script) == 4 else language


def of_content() -> str:
    """What the editors' words are marked with; nothing where the interface speaks the same."""
    spoken = get_language() or settings.LANGUAGE_CODE
    return "" if spoken == settings.LANGUAGE_CODE else tag_of(settings.LANGUAGE_CODE)


def as_content(words: object) -> str:
    """Editors' words inside a sentence or a label of the interface, marked where that speaks
    another language. For HTML, not for an attribute."""
    tag = of_content()
    return format_html('<span lang="{}">{}</span>', tag, words) if tag else format_html("{}", words)


def mark_latin(html: str) -> SafeString:
    """Chinese HTML with each run of two or more Latin words marked as English, so that a screen
    reader changes its voice. What is inside code or has a language of its own stays as it is."""
    if not _RUN.search(html):
        return mark_safe(html)  # noqa: S308 (as safe as it came)
    depth = 0  # how deep we are in an element that is left alone
    told: list[str] = []
    for piece in _TAG.split(html):
        if not piece.startswith("<"):
            told.append(piece if depth else _RUN.sub(r'<span lang="en">\g<0></span>', piece))
            continue
        told.append(piece)
        if piece.startswith("</"):
            depth = max(depth - 1, 0)
        elif not _VOID.search(piece) and (depth or _LEFT_ALONE.match(piece)):
            depth += 1
    return mark_safe("".join(told))  # noqa: S308 (only our own spans were added)
