"""In which currency somebody sees prices: as they chose, else in the site's own."""

from django.conf import settings
from django.http import HttpRequest

COOKIE = "rz_currency"


def of(request: HttpRequest | None) -> str:
    """The code of a currency that this site sells in."""
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated:
        chosen = user.currency
    else:
        chosen = request.COOKIES.get(COOKIE, "") if request is not None else ""
    return chosen if chosen in settings.CURRENCIES else str(settings.DEFAULT_CURRENCY)
