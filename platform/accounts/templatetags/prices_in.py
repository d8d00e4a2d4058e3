"""The currencies that whoever looks may see prices in."""

from django import template
from django.conf import settings
from django.template.context import Context
from django.utils.translation import get_language

from accounts import currencies
from accounts.forms import currency_name

register = template.Library()


@register.simple_tag(takes_context=True)
def other_currencies(context: Context) -> list[tuple[str, str]]:
    """`{% other_currencies as others %}`: codes and names of those that are not in use."""
    chosen = currencies.of(context.get("request"))
    language = get_language() or settings.LANGUAGE_CODE
    others = [each for each in settings.CURRENCIES if each != chosen]
    return [(each, currency_name(each, language)) for each in others]
