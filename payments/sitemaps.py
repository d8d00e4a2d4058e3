"""The pages of the membership and of bundles, for search engines, while they can be bought."""

from django.urls import reverse

from courses.models import Bundle
from pages.sitemaps import OwnSitemap, register
from payments import queries


class MembershipSitemap(OwnSitemap):
    def items(self) -> list[str]:
        offered = queries.prices_in_force().filter(offer__membership__isnull=False).exists()
        return ["membership"] if offered else []

    def location(self, name: str) -> str:
        return reverse(name)


class BundlesSitemap(OwnSitemap):
    def items(self) -> list[Bundle]:
        bundles = (price.offer.bundle for price in queries.prices_in_force())
        return list(dict.fromkeys(filter(None, bundles)))


register("membership", MembershipSitemap)
register("bundles", BundlesSitemap)
