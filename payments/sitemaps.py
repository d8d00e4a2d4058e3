"""The membership's page, for search engines, while it can be bought."""

from django.urls import reverse

from pages.sitemaps import OwnSitemap, register
from payments import queries


class MembershipSitemap(OwnSitemap):
    def items(self) -> list[str]:
        offered = queries.prices_in_force().filter(offer__membership__isnull=False).exists()
        return ["membership"] if offered else []

    def location(self, name: str) -> str:
        return reverse(name)


register("membership", MembershipSitemap)
