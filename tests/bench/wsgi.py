"""One server, two stacks: the site's middleware before the site, a plain project's before the
floors."""

from collections.abc import Callable, Iterable
from typing import Any

from django.core.handlers.wsgi import WSGIHandler
from django.core.wsgi import get_wsgi_application
from django.test.utils import override_settings

from tests.bench import plain

FLOOR = "/floor/"
type Application = Callable[[dict[str, Any], Any], Iterable[bytes]]


def make() -> Application:
    site = get_wsgi_application()
    with override_settings(MIDDLEWARE=plain.MIDDLEWARE):
        floor = WSGIHandler()

    def application(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        handler = floor if environ["PATH_INFO"].startswith(FLOOR) else site
        return handler(environ, start_response)

    return application
