"""What a page should know of the mail."""

from django import template
from django.conf import settings

from accounts import mail

register = template.Library()


@register.simple_tag
def mail_waits() -> bool:
    """`{% mail_waits as waits %}`: no mail leaves this site yet, and nobody can look into it."""
    return not mail.server_is_set() and not settings.DEBUG
