"""A new price for those, too, who subscribed at another one."""

from collections.abc import Iterable
from typing import Any

from django.utils.translation import gettext_lazy as _

from operations import clock
from payments import price_changes
from payments.admin.confirmation import Confirmation, NotPossible
from payments.admin.listing import in_words
from payments.models import Offer, Price, PriceChange

NOTHING_TO_CHANGE = _("Everybody pays this price, or was told of it.")


class PriceChangeView(Confirmation):
    """The price in force for those, too, who subscribed at another one."""

    model = Offer
    permission = "payments.change_offer"
    back = "money-offers"
    title = _("New price for who subscribes already")
    label = _("Tell them, and change it")
    serious = True
    related = ("course", "membership")

    def is_possible(self, row: Offer) -> bool:
        return bool(price_changes.changing(row))

    def why_not(self, row: Offer) -> Any:
        return NOTHING_TO_CHANGE

    def consequences(self, row: Offer) -> Iterable[Any]:
        for price in price_changes.changing(row):
            yield from self._of(price)
        yield _("Who cancels is left alone; whoever the mail did not reach keeps the old price.")
        yield _("Mails that are sent cannot be taken back.")

    def _of(self, price: Price) -> Iterable[Any]:
        """Of those who pay in this currency."""
        found = price_changes.affected(price)
        words = {
            "count": found.count(),
            "price": in_words(price.amount, price.currency),
            "before": price_changes.former(price),
            "days": PriceChange.NOTICE_DAYS,
        }
        yield _("%(count)d subscriptions that renew at %(before)s get a mail now.") % words
        yield (
            _("Each pays %(price)s from its first renewal that is at least %(days)d days away.")
            % words
        )

    def carry_out(self, row: Offer, form: Any) -> Any:
        try:
            price_changes.decide(
                offer=row,
                reason=form.cleaned_data["reason"],
                actor=self.actor,
                now=clock.now(),
            )
        except price_changes.NothingToChange:
            raise NotPossible(NOTHING_TO_CHANGE) from None
        return _("They are being told. This page shows how far it is.")
