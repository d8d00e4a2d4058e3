"""The small files that browsers and robots ask for at the top of a site.

Their pictures, static/icons/icon-*.png, are favicon.svg's, drawn to the edge: systems round them.
"""

import hashlib
import json
from pathlib import Path

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, JsonResponse
from django.templatetags.static import static
from django.urls import reverse
from django.views.decorators.cache import cache_control
from django.views.decorators.http import require_safe

from pages import languages
from pages.site_shown import shown_to

# Nothing there is worth finding, and much of it differs for everybody. Not /study/: what is open
# there says noindex, which is heard only by who may read it; the rest leads to the log-in.
NOT_FOR_ROBOTS = ("/account/", "/admin/", "/media/", "/payments/", "/search/")
ICON_SIZES = (192, 512)
ICONS = ("icons/sprite.svg", "icons/favicon.svg", "icons/icon-192.png")
HTMX = ("django_htmx/htmx-2.min.js", "django_htmx/django-htmx.js")
LATER = ("find", "share", "video")  # modules beside the bundle that a page loads when it needs them
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
            "id": "/",
            "start_url": "/",
            "scope": "/",
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
@cache_control(no_cache=True)
def service_worker(request: HttpRequest) -> HttpResponse:
    """What lets the shell, and lessons that a learner keeps, open without a network."""
    source = (Path(settings.PLATFORM) / "static/js/worker.js").read_text(encoding="utf-8")
    files = [static(name) for name in shell()]
    told = {
        "version": hashlib.sha256("\n".join([*files, source]).encode()).hexdigest()[:12],
        "files": files,
        "offline": reverse("kept_lessons"),
        "signOut": reverse("account_logout"),
        "media": reverse("media", args=[0, "x"]).removesuffix("0/x/"),
    }
    body = f"const SHELL = {json.dumps(told)};\n{source}"
    return HttpResponse(body, content_type="text/javascript; charset=utf-8")


def shell() -> list[str]:
    """The static files that a page asks for, whatever it needs later."""
    root = Path(settings.PLATFORM) / "static"
    later = [*(root / "js").rglob("*/*.js"), *(root / "js" / f"{name}.js" for name in LATER)]
    modules = sorted(str(path.relative_to(root)) for path in later)
    return ["css/bundle.css", "js/bundle.js", *HTMX, *ICONS, *modules]


@require_safe
@for_an_hour
def favicon(request: HttpRequest) -> HttpResponse:
    """For whoever does not read the page's <link>."""
    return HttpResponseRedirect(static("icons/icon-192.png"))
