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
        sold = queries.prices_in_force().filter(offer__bundle__isnull=False)
        return list(dict.fromkeys(price.offer.bundle for price in sold if price.offer.bundle))


register("membership", MembershipSitemap)
register("bundles", BundlesSitemap)
