"""In which currency somebody sees prices: as the person chose, else this browser, else the site."""

from django.conf import settings
from django.http import HttpRequest

COOKIE = "rz_currency"


def of(request: HttpRequest | None) -> str:
    """The code of a currency that this site sells in."""
    user = getattr(request, "user", None)
    person = user.currency if user is not None and user.is_authenticated else ""
    browser = request.COOKIES.get(COOKIE, "") if request is not None else ""
    known = [each for each in (person, browser) if each in settings.CURRENCIES]
    return known[0] if known else str(settings.DEFAULT_CURRENCY)
