"""Addresses of the site itself, not of what it publishes."""

from django.contrib.sitemaps import views as sitemaps
from django.urls import path
from django.views.decorators.cache import cache_page

from pages import phone_preview, shell_files
from pages.sitemaps import SECTIONS

KEPT = 60 * 60  # seconds; the same for everybody
INDEX = {"sitemaps": SECTIONS, "sitemap_url_name": "sitemap_section"}

urlpatterns = [
    path("preview/<str:token>/", phone_preview.show, name="phone_preview"),
    path("robots.txt", shell_files.robots, name="robots"),
    path("manifest.webmanifest", shell_files.manifest, name="manifest"),
    path("sw.js", shell_files.service_worker, name="service_worker"),
    path("favicon.ico", shell_files.favicon, name="favicon"),
    path("sitemap.xml", cache_page(KEPT)(sitemaps.index), INDEX, name="sitemap"),
    path(
        "sitemap-<str:section>.xml",
        cache_page(KEPT)(sitemaps.sitemap),
        {"sitemaps": SECTIONS},
        name="sitemap_section",
    ),
]
