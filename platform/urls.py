"""The table of addresses. What may be reached by whom: operations/url_classes.py."""

from django.conf import settings
from django.urls import include, path
from django.views.decorators.csp import csp_override
from wagtail import urls as wagtail_urls
from wagtail.admin import urls as wagtailadmin_urls
from wagtail.utils.urlpatterns import decorate_urlpatterns

from operations import errors, health
from pages.walls import wall

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler429 = errors.too_many  # allauth looks for it here
handler500 = errors.server_error

# It fails, so that one sees how that looks.
wagtailadmin_urls.urlpatterns = [
    each
    for each in wagtailadmin_urls.urlpatterns
    if getattr(each, "name", "") != "wagtailadmin_error_test"
]
decorate_urlpatterns(wagtailadmin_urls.urlpatterns, csp_override(settings.ADMIN_CSP))
decorate_urlpatterns(wagtailadmin_urls.urlpatterns, wall)

urlpatterns = [
    path("healthz", health.healthz, name="healthz"),
    path("readyz", health.readyz, name="readyz"),
    path("", include("accounts.urls")),
    path("account/", include("allauth.urls")),
    path("admin/", include(wagtailadmin_urls)),
    path("study/", include("learning.urls")),
    path("credentials/", include("learning.credential_urls")),
    path("feeds/", include("learning.feed_urls")),
    path("community/", include("community.urls")),
    path("", include("growth.urls")),
    path("", include("demo.urls")),
    *([path("sandbox/", include("payments.sandbox.urls"))] if settings.STRIPE_SANDBOX else []),
    path("", include("payments.urls")),
    path("", include("courses.urls")),
    path("", include("pages.urls")),
    path("", include(wagtail_urls)),
]
