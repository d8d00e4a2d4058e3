"""The currencies that whoever looks may see prices in."""

from django import template
from django.conf import settings
from django.template.context import Context
from django.utils.translation import get_language

from accounts import currencies
from accounts.forms import currency_choices

register = template.Library()


@register.simple_tag(takes_context=True)
def other_currencies(context: Context) -> list[tuple[str, str]]:
    """`{% other_currencies as others %}`: codes and names of those that are not in use."""
    chosen = currencies.of(context.get("request"))
    language = get_language() or settings.LANGUAGE_CODE
    return [each for each in currency_choices(language) if each[0] != chosen]
