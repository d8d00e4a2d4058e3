"""Giving up what was sold before it opened."""

from collections.abc import Iterable
from typing import Any

from django.db.models import Count, F, Sum
from django.utils.translation import gettext_lazy as _

from operations import clock
from payments import presale, refund_requests
from payments.admin.confirmation import Confirmation, NotPossible, ToldReasonForm
from payments.admin.listing import in_words, moment
from payments.admin.orders import with_sums
from payments.models import Offer, Order, PresaleEnd, Reservation


def given_up(offer: Offer) -> Any:
    """When and why, how far the money has gone back, and how many reservations ended."""
    end = PresaleEnd.objects.filter(offer=offer).first()
    if end is None:
        return ""
    paid = Order.objects.filter(price__offer=offer, advance=Order.Advance.WAITING)
    reserved = Reservation.objects.filter(
        order__price__offer=offer, ending=Reservation.Ending.CALLED_OFF
    )
    words = {
        "at": moment(end.decided_at),
        "reason": end.reason,
        "of": paid.count(),
        "done": paid.filter(status=Order.Status.REFUNDED).count(),
        "ended": reserved.count(),
    }
    told = [_("%(at)s: %(reason)s") % words]
    if words["of"]:
        told.append(_("%(done)d of %(of)d orders given back") % words)
    if words["ended"]:
        told.append(_("%(ended)d reservations ended") % words)
    return " · ".join(told)


class GiveUpView(Confirmation):
    model = Offer
    permission = refund_requests.PERMISSION
    back = "money-offers"
    title = _("Give up the presale")
    label = title
    form_class = ToldReasonForm
    serious = True
    related = ("course",)

    def is_possible(self, row: Offer) -> bool:
        return presale.is_under_way(row)

    def consequences(self, row: Offer) -> Iterable[Any]:
        waiting = with_sums(presale.waiting().filter(price__offer=row))
        sums = (
            waiting.order_by()
            .values("currency")
            .annotate(how_many=Count("pk"), total=Sum(F("amount") - F("refunded")))
        )
        for each in sums:
            words = {
                "number": each["how_many"],
                "amount": in_words(each["total"], each["currency"]),
            }
            yield (_("%(number)d orders are refunded, what is left of each: %(amount)s.") % words)
        if reserved := presale.reserved(row).count():
            words = {"number": reserved}
            yield _("%(number)d reservations end; nothing was charged for them.") % words
        yield _("Each buyer gets a mail with your reason. Nobody can buy it in advance any more.")

    def carry_out(self, row: Offer, form: ToldReasonForm) -> Any:
        reason = form.cleaned_data["reason"]
        is_paid = presale.waiting().filter(price__offer=row).exists()
        is_reserved = presale.reserved(row).exists()
        try:
            presale.give_up(offer=row, reason=reason, actor=self.actor, now=clock.now())
        except presale.NotInAdvance as problem:
            raise NotPossible(_("It was given up already.")) from problem
        if is_paid:
            return _("The presale was given up. The refunds are under way.")
        if is_reserved:
            return _("The presale was given up. The reservations end; nothing was charged.")
        return _("The presale was given up.")
