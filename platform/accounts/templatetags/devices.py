"""Which device a session is on, as its owner would say it."""

from django import template
from django.utils.translation import gettext_lazy as _

register = template.Library()

# The first that a browser's name of itself contains; most name several.
BROWSERS = {
    "MicroMessenger": _("WeChat"),
    "Edg": "Edge",
    "OPR/": "Opera",
    "Firefox/": "Firefox",
    "FxiOS/": "Firefox",
    "CriOS/": "Chrome",
    "Chrome/": "Chrome",
    "Safari/": "Safari",
}
SYSTEMS = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac OS": "Mac",
    "Linux": "Linux",
}


@register.filter
def device(user_agent: str) -> str:
    """Chrome · Windows; what it says of itself where that is not known."""
    known = [
        next((str(name) for mark, name in names.items() if mark in user_agent), "")
        for names in (BROWSERS, SYSTEMS)
    ]
    return " · ".join(filter(None, known)) or user_agent[:60]
