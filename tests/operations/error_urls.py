"""The site's addresses, and some that go wrong."""

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import path
from django.views.decorators.csrf import csrf_protect

import urls


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("the reader reader@example.com met sk_test_51Habc and 4242 4242 4242 4242")


def away(request: HttpRequest) -> HttpResponse:
    raise OperationalError("the database is away")


def suspicious(request: HttpRequest) -> HttpResponse:
    raise SuspiciousOperation


def denied(request: HttpRequest) -> HttpResponse:
    raise PermissionDenied


def missing(request: HttpRequest) -> HttpResponse:
    raise Http404


@csrf_protect
def form(request: HttpRequest) -> HttpResponse:
    return HttpResponse("ok")


def keyed(request: HttpRequest, token: str) -> HttpResponse:
    return HttpResponse("ok")


handler400, handler403 = urls.handler400, urls.handler403
handler404, handler500 = urls.handler404, urls.handler500
urlpatterns = [
    path("broken/", broken),
    path("away/", away),
    path("suspicious/", suspicious),
    path("denied/", denied),
    path("missing/", missing),
    path("form/", form),
    path("open/<str:token>/", keyed),
    *urls.urlpatterns,
]
