"""One sentence after the other, as the reader's language sets them."""

from collections.abc import Iterable

from django.utils.translation import get_language


def gap() -> str:
    """What stands between two: a space; nothing in Chinese, whose full stop brings its own."""
    return "" if (get_language() or "").startswith("zh") else " "


def joined(sentences: Iterable[str]) -> str:
    return gap().join(sentences)
