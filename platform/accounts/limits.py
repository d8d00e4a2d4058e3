"""How often somebody may ask for what costs much or can be guessed; counted in the shared cache.

The numbers are RATE_LIMITS in settings; allauth counts its own pages in the same way.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.core.internal import ratelimit
from django.conf import settings
from django.http import HttpRequest, HttpResponse

from operations import errors

type View = Callable[..., HttpResponse]


def limited(action: str) -> Callable[[View], View]:
    """Around a view: beyond its limit the answer is 429, with when to come back."""

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if consume(request, action):
                return view(request, *args, **kwargs)
            return errors.too_many(request, after=longest_wait(action))

        return guarded

    return decorate


def consume(request: HttpRequest, action: str, *, key: str | None = None) -> bool:
    """Counts one more, of `key` where the limit is of that; whether it is within the limit."""
    return bool(
        ratelimit.consume(
            request,
            app="accounts",
            action=action,
            config=settings.RATE_LIMITS,
            key=key,
            limit_get=True,
        )
    )


def is_used_up(request: HttpRequest, action: str) -> bool:
    """Whether one more would be beyond the limit. Counts nothing."""
    left = ratelimit.consume(
        request,
        app="accounts",
        action=action,
        config=settings.RATE_LIMITS,
        limit_get=True,
        dry_run=True,
    )
    return not left


def longest_wait(action: str) -> int:
    """Seconds after which the shortest of its limits has passed for certain."""
    rates = ratelimit.parse_rates(settings.RATE_LIMITS[action])
    return int(min(rate.duration for rate in rates))
