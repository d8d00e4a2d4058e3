"""What became of an order, in the order in which it happened: seen, paid, got, lost.

Nothing is kept for it. For staff; a subscription's own life is told by `payments.timeline`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Model, Q, QuerySet
from django.utils.translation import gettext as _
from wagtail.models import ModelLogEntry

from accounts.models import OutboxMessage, User
from courses.models import GrantChange
from pages import dates
from payments import money
from payments.models import Gift, Order, RedeemCode, Reservation

CLAIMS_TOLD = 20  # of many seats, the first ones


@dataclass(frozen=True)
class Event:
    at: datetime
    sentence: str
    row: Model | None = None  # what it is told of


def of(order: Order) -> list[Event]:
    """The earliest first; as many queries whatever happened."""
    events = [
        *_bought(order),
        *_bills(order),
        *_reserved(order),
        *_claimed(order),
        *_refunds(order),
        *_disputes(order),
        *_access(order),
        *_fapiao(order),
        *_mails(order),
    ]
    # Stripe's instants are whole seconds: within one, as told above, what follows after its cause.
    return sorted(events, key=lambda event: event.at.replace(microsecond=0))


def _amount(amount: int | None, currency: str) -> str:
    return money.in_words(amount or 0, currency)


def _name(person: User | None) -> str:
    return (person.get_full_name() or person.email) if person else _("The site")


def _bought(order: Order) -> Iterator[Event]:
    words = {
        "what": order.price.offer.sellable,
        "amount": _amount(order.amount, order.currency),
        "cut": _amount(order.discount, order.currency),
        "code": order.promotion.code if order.promotion else "",
        "page": order.from_page.title if order.from_page else "",
    }
    seen = _("Saw “%(what)s” at %(amount)s and went on to pay.") % words
    if order.from_page:
        seen += " " + _("Came from “%(page)s”.") % words
    if order.promotion:
        seen += " " + _("%(code)s took %(cut)s off.") % words
    yield Event(order.created_at, seen)
    if order.paid_at and order.trial_days:
        words["days"] = str(order.trial_days)
        yield Event(order.paid_at, _("Began a trial of %(days)s days; nothing was paid.") % words)
    elif order.paid_at:
        told = _("Paid %(amount)s.") if order.amount else _("Nothing had to be paid.")
        yield Event(order.paid_at, told % words)
    if order.ended_at:
        yield Event(order.ended_at, _("The order ended."))


def _reserved(order: Order) -> Iterator[Event]:
    row: Reservation | None = getattr(order, "reservation", None)
    if row is None:
        return
    words = {"day": dates.day(row.day), "why": row.get_ending_display()}
    yield Event(row.reserved_at, _("Reserved it with a card, to be charged on %(day)s.") % words)
    if row.charging_at:
        yield Event(row.charging_at, _("The card was to be charged."))
    if row.refused_at and row.pay_until:
        words["last"] = dates.day(row.pay_until - timedelta(seconds=1))
        refused = (
            _("The bank asked whether it is the buyer; to be paid until %(last)s.")
            if row.needs_action
            else _("The card was refused; to be paid until %(last)s.")
        )
        yield Event(row.refused_at, refused % words)
    if row.ended_at:
        yield Event(row.ended_at, _("The reservation ended: %(why)s.") % words)


def _claims(order: Order) -> list[Gift | RedeemCode]:
    if not order.is_for_others:
        return []
    gifts = Gift.objects.filter(order=order, redeemed_at__isnull=False)
    seats = RedeemCode.objects.filter(batch__order=order, redeemed_at__isnull=False)
    return [
        *gifts.select_related("redeemed_by"),
        *seats.select_related("redeemed_by").order_by("redeemed_at", "pk")[:CLAIMS_TOLD],
    ]


def _claimed(order: Order) -> Iterator[Event]:
    gift = Gift.objects.filter(order=order).first() if order.is_for_others else None
    if gift and gift.taken_back_at:
        yield Event(gift.taken_back_at, _("The gift was taken back."), gift)
    for claim in _claims(order):
        if claim.redeemed_at:
            words = {"who": _name(claim.redeemed_by)}
            yield Event(claim.redeemed_at, _("%(who)s claimed it.") % words, claim)


def _access(order: Order) -> Iterator[Event]:
    """What its sources opened and closed, each change against the one before."""
    sources = [order.source_id, *[claim.source_id for claim in _claims(order)]]
    if order.subscription:
        sources.append(order.subscription.source_id)
    changes = GrantChange.objects.filter(grant__source_id__in=sources)
    before: dict[int, GrantChange] = {}
    for change in changes.select_related("grant__course", "grant__membership", "actor").order_by(
        "at", "pk"
    ):
        yield _change(change, before.get(change.grant_id))
        before[change.grant_id] = change


def _change(change: GrantChange, before: GrantChange | None) -> Event:
    grant = change.grant
    words = {
        "what": grant.course or grant.membership,
        "until": dates.day(change.ends_at) if change.ends_at else _("for good"),
        "who": _name(change.actor),
    }
    if change.withdrawn_at:
        sentence = _("“%(what)s” was closed by %(who)s.") % words
    elif before is None or before.withdrawn_at:
        sentence = _("“%(what)s” was opened until: %(until)s.") % words
    else:
        sentence = _("“%(what)s” stays open until: %(until)s.") % words
    return Event(change.at, sentence, grant)


def _refunds(order: Order) -> Iterator[Event]:
    people = ("asked_by", "decided_by", "confirmed_by", "declined_by")
    tried = set()  # payments whose refund could not go back and was given anew
    for request in order.refund_requests.select_related(*people).order_by("pk"):
        is_anew = request.invoice_id in tried
        if request.status == request.Status.REPLACED:
            tried.add(request.invoice_id)
        words = {
            "who": _name(request.asked_by),
            "why": request.note,
            "reason": request.reason,
            "decider": _name(request.decided_by),
            "second": _name(request.confirmed_by),
            "decliner": _name(request.declined_by),
            "why_not": request.decline_reason,
        }
        asked = _("%(who)s asked for a refund.")
        if request.note:
            asked = _("%(who)s asked for a refund: %(why)s")
        elif request.reason and request.asked_by_id != order.buyer_id:
            asked = _("%(who)s began a refund: %(reason)s")
        if not is_anew:  # nobody asked again
            yield Event(request.created_at, asked % words, request)
        if request.decided_at:
            decided = _("%(decider)s gave the refund.")
            if request.needs_second:
                decided = _("%(decider)s proposed the refund, to be confirmed.")
            said = decided % words
            if request.reason and request.asked_by_id == order.buyer_id:
                said = _("%(said)s Reason: %(reason)s") % {**words, "said": said}
            yield Event(request.decided_at, said, request)
        if request.confirmed_at:
            yield Event(
                request.confirmed_at, _("%(second)s confirmed the refund.") % words, request
            )
        if request.declined_at:
            declined = _("%(decliner)s declined the refund: %(why_not)s")
            yield Event(request.declined_at, declined % words, request)
        if request.withdrawn_at:
            withdrawn = _("%(who)s did not want the refund any more.")
            yield Event(request.withdrawn_at, withdrawn % words, request)
    for refund in order.refunds.all():
        if refund.created_at:
            words = {"amount": _amount(refund.amount, refund.currency)}
            yield Event(refund.created_at, _went(refund.status) % words, refund)


def _went(status: str) -> str:
    if status == "succeeded":
        return _("%(amount)s went back.")
    if status in ("failed", "canceled"):
        return _("%(amount)s could not go back.")
    return _("%(amount)s is to go back.")


def _disputes(order: Order) -> Iterator[Event]:
    for dispute in order.disputes.all():
        if dispute.created_at:
            words = {"amount": _amount(dispute.amount, dispute.currency or order.currency)}
            yield Event(dispute.created_at, _("The bank disputes %(amount)s.") % words, dispute)
            decided = {
                "lost": _("The dispute about %(amount)s was lost: the bank took it back."),
                "won": _("The dispute about %(amount)s was won."),
            }.get(dispute.status)
            if decided:  # Stripe keeps no day of it
                at = dispute.ended_at or dispute.created_at
                yield Event(at, decided % words, dispute)


def _fapiao(order: Order) -> Iterator[Event]:
    """The number as it was noted on each day: what was corrected since is in the log."""
    rows = {str(row.pk): row for row in order.fapiaos.all()}
    numbers = {key: row.number for key, row in rows.items()}
    logged = ModelLogEntry.objects.filter(
        content_type__app_label="payments",
        content_type__model="fapiao",
        action__in=["payments.correct_fapiao", "payments.reverse_fapiao"],
        object_id__in=rows,
    ).select_related("user")
    for entry in logged.order_by("-timestamp", "-pk"):
        row, words = rows[entry.object_id], {**entry.data, "who": _name(entry.user)}
        told = _("%(who)s noted that the fapiao was reversed: %(number)s.")
        if entry.action == "payments.correct_fapiao":
            told = _("%(who)s corrected the fapiao from %(before)s to %(number)s: %(reason)s")
            numbers[entry.object_id] = words["before"].split()[0]
        yield Event(entry.timestamp, told % words, row)
    for key, row in rows.items():
        yield Event(row.asked_at, _("Asked for a fapiao."), row)
        if row.issued_at:
            words = {"number": numbers[key]}
            yield Event(row.issued_at, _("The fapiao %(number)s was issued.") % words, row)


def _bills(order: Order) -> Iterator[Event]:
    """What was paid after the first: renewals, and changes of plan."""
    if order.subscription is None:
        return
    bills = order.subscription.invoices.filter(status="paid", amount_paid__gt=0)
    for bill in bills.exclude(billing_reason="subscription_create"):
        if bill.paid_at:
            words = {"amount": _amount(bill.amount_paid, bill.currency)}
            yield Event(bill.paid_at, _("Paid %(amount)s.") % words, bill)


def mails_of(order: Order) -> QuerySet[OutboxMessage]:
    """Those about this order's money, its subscription's included."""
    ours = ("order-paid", "presale-opened", "presale-given-up", "bought-twice", "order-ended")
    keys = [f"{kind}-{order.pk}" for kind in (*ours, "seats-bought")]
    keys += [f"reserved-{order.pk}", f"reservation-refused-{order.pk}"]
    keys += [f"reservation-{kind}-{order.pk}" for kind in ("called-off", "lapsed")]
    keys += [
        f"refund{news}-{each.pk}" for each in order.refunds.all() for news in ("ed", "-failed")
    ]
    keys += [f"refund-declined-{each.pk}" for each in order.refund_requests.all()]
    keys += [
        f"fapiao-{news}-{row.pk}" for row in order.fapiaos.all() for news in ("issued", "reversed")
    ]
    if order.purpose == Order.Purpose.GIFT:
        gifts = Gift.objects.filter(order=order).values_list("pk", flat=True)
        keys += [f"gift-{news}-{pk}" for pk in gifts for news in ("bought", "redeemed", "runs-out")]
    if order.subscription:
        keys.append(f"membership-begun-{order.subscription_id}")
        for kinds, rows in (
            (("renewal-receipt",), order.subscription.invoices),
            (("plan-changed", "price-changes"), order.subscription.changes),
            (("paused", "not-paused"), order.subscription.pauses),
        ):
            found = rows.values_list("pk", flat=True)
            keys += [f"{kind}-{pk}" for pk in found for kind in kinds]
    sent = OutboxMessage.objects.filter(about=OutboxMessage.About.MONEY, user=order.buyer_id)
    wanted = Q(key__in=keys)
    for key in keys:
        wanted |= Q(key__startswith=f"{key}+")  # sent again (accounts.mail)
    for kind in ("moved", "sooner", "notice"):
        wanted |= Q(key__startswith=f"reservation-{kind}-{order.pk}-")
    wanted |= Q(key__startswith=f"order-refused-{order.pk}-")
    for row in order.fapiaos.all():
        wanted |= Q(key__startswith=f"fapiao-corrected-{row.pk}-")
    if order.subscription:
        news = ("renewal-notice", "cancelled", "resumed", "card-expiring", "payment-failed")
        for kind in (*news, "membership-ended"):
            wanted |= Q(key__startswith=f"{kind}-{order.subscription_id}-")
    return sent.filter(wanted)


def _mails(order: Order) -> Iterator[Event]:
    """The words of old ones are not kept: those lead nowhere."""
    for message in mails_of(order).only("created_at", "subject", "text"):
        words, read = {"subject": message.subject}, message if message.text else None
        yield Event(message.created_at, _("Mail: “%(subject)s”") % words, read)
