"""What search engines are told there is: /sitemap.xml and its sections.

The pages of the tree are one section; what upper floors show besides them (people, disciplines,
the membership) is registered in AppConfig.ready().
"""

from datetime import datetime
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.sitemaps import Sitemap
from django.utils.encoding import iri_to_uri
from wagtail.models import Page, Site

SECTIONS: dict[str, type[Sitemap]] = {}


def register(section: str, sitemap: type[Sitemap]) -> None:
    """Adds /sitemap-<section>.xml."""
    SECTIONS[section] = sitemap


class OwnSitemap(Sitemap):
    """Addresses begin with BASE_URL, whatever name the robot came by."""

    limit = 10_000

    def get_protocol(self, protocol: str | None = None) -> str:
        return urlsplit(settings.BASE_URL).scheme

    def get_domain(self, site: object = None) -> str:
        return urlsplit(settings.BASE_URL).netloc


class PagesSitemap(OwnSitemap):
    """Every page that anybody may see: of a paid lesson that is its sales page."""

    def items(self) -> list[Page]:
        """One query. What stands below an unpublished page is as hidden as itself."""
        self.root = Site.objects.select_related("root_page").get(is_default_site=True).root_page
        below = Page.objects.descendant_of(self.root, inclusive=True).order_by("path")
        found: list[Page] = []
        hidden = ""
        for page in below.only("path", "url_path", "live", "last_published_at"):
            if hidden and page.path.startswith(hidden):
                continue
            if page.live:
                found.append(page)
            else:
                hidden = page.path
        return found

    def location(self, page: Page) -> str:
        return iri_to_uri(f"/{page.url_path.removeprefix(self.root.url_path)}")

    def lastmod(self, page: Page) -> datetime | None:
        return page.last_published_at


register("pages", PagesSitemap)
