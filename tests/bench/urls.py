"""The site's addresses, and the floors'."""

from django.urls import include, path

from tests.bench import floor

handler400 = "operations.errors.bad_request"
handler403 = "operations.errors.forbidden"
handler404 = "operations.errors.not_found"
handler500 = "operations.errors.server_error"

urlpatterns = [
    path("floor/page/", floor.page),
    path("floor/beat/", floor.beat),
    path("", include("urls")),
]
