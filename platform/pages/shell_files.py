"""The small files that browsers and robots ask for at the top of a site.

Their pictures, static/icons/icon-*.png, are favicon.svg's, drawn to the edge: systems round them.
"""

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from pages import languages
from pages.site_shown import shown_to

# Nothing there is worth finding, and much of it differs for everybody.
NOT_FOR_ROBOTS = ("/account/", "/admin/", "/media/", "/payments/", "/search/", "/study/")
ICON_SIZES = (192, 512)
for_an_hour = cache_control(public=True, max_age=3600)


@require_safe
@for_an_hour
def robots(request: HttpRequest) -> HttpResponse:
    lines = [
        "User-agent: *",
        *(f"Disallow: {beginning}" for beginning in NOT_FOR_ROBOTS),
        "",
        f"Sitemap: {settings.BASE_URL}{reverse('sitemap')}",
    ]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; charset=utf-8")


@require_safe
@for_an_hour
def manifest(request: HttpRequest) -> HttpResponse:
    """What a phone needs to keep the site among its programs."""
    site = shown_to(request)
    return JsonResponse(
        {
            "name": site.name,
            "short_name": site.name,
            "description": site.tagline,
            "lang": languages.tag_of(settings.LANGUAGE_CODE),
            "start_url": "/",
            "display": "minimal-ui",  # with a way back
            "background_color": "#FAF7F0",
            "theme_color": "#FAF7F0",
            "icons": [
                {
                    "src": static(f"icons/icon-{size}.png"),
                    "sizes": f"{size}x{size}",
                    "type": "image/png",
                    "purpose": purpose,
                }
                for size in ICON_SIZES
                for purpose in ("any", "maskable")
            ],
        },
        content_type="application/manifest+json",
        json_dumps_params={"ensure_ascii": False},
    )


@require_safe
@for_an_hour
def favicon(request: HttpRequest) -> HttpResponse:
    """For whoever does not read the page's <link>."""
    return HttpResponseRedirect(static("icons/icon-192.png"))
