"""A code of their own for whoever was a member, some days after it ended: off by default.

It is shown on the subscription's page and on the membership's. A mail of it is advertising: growth
sends it to who asked for such.
"""

from datetime import UTC, datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _
from wagtail.log_actions import log

from accounts.models import User
from courses.models import Grant
from payments import codes, gateway, periods
from payments.models import Offer, PromotionCode, Subscription, WinBack

# Where the code is switched on, those who left long ago are left alone.
WITHIN = timedelta(days=30)
ENDED = ("canceled", "unpaid")


def make_due(*, now: datetime) -> int:
    """A code for everybody who is due one; gives how many. Run again it makes none twice."""
    if not settings.WIN_BACK_PERCENT or not _offers():
        return 0
    return sum(_make(pk, now=now) for pk in _lapsed(now))


def standing(learner: User | None, *, now: datetime) -> WinBack | None:
    """The code that somebody may still use. Two queries and one more where there is one."""
    found = (
        WinBack.objects.filter(learner=learner, promotion__ends_at__gt=now)
        .filter(promotion__is_active=True)
        .exclude(promotion__uses__used_at__isnull=False)
        .select_related("promotion", "learner")
        .order_by("-made_at")
        .first()
    )
    return found if found and not _is_back(found.learner, now) else None


def _lapsed(now: datetime) -> list[int]:
    """Subscriptions whose access ran out so long ago. Where a payment was given back or is
    disputed, the access was withdrawn: those are not among them."""
    due = now - timedelta(days=settings.WIN_BACK_AFTER_DAYS)
    grants = Grant.objects.filter(
        source_kind=Grant.Source.SUBSCRIPTION,
        withdrawn_at=None,
        ends_at__gt=due - WITHIN,
        ends_at__lte=due,
    )
    names = grants.values_list("source_id", flat=True)
    ended = Subscription.objects.filter(
        pk__in=[int(name.removeprefix("subscription-")) for name in names],
        status__in=ENDED,
        win_back=None,
        invoices__status="paid",
        invoices__amount_paid__gt=0,  # a trial alone earns no code
        **gateway.ours(),
    )
    return list(ended.order_by("pk").values_list("pk", flat=True).distinct())


@transaction.atomic
def _make(subscription_id: int, *, now: datetime) -> bool:
    """One code, unless the person is back, gone, or had one within a year."""
    row = Subscription.objects.get(pk=subscription_id)
    if row.learner_id is None:
        return False
    learner = _lock(row.learner_id)
    last = WinBack.objects.filter(learner=learner).order_by("-made_at").first()
    if last and periods.add_months(last.made_at, 12) > now:
        return False
    if learner.is_deleted or not learner.is_active or _is_back(learner, now):
        return False
    promotion = PromotionCode.objects.create(
        code=f"BACK-{get_random_string(4, codes.ALPHABET)}-{get_random_string(4, codes.ALPHABET)}",
        remark=_("Win-back code"),
        percent=settings.WIN_BACK_PERCENT,
        ends_at=now + timedelta(days=settings.WIN_BACK_VALID_DAYS),
        max_uses=1,
        created_at=now,
    )
    promotion.offers.set(_offers())
    WinBack.objects.create(
        learner=learner,
        subscription=row,
        promotion=promotion,
        made_at=now,
        year=now.astimezone(UTC).year,
    )
    told = {"code": promotion.code, "gives": promotion.gives, "on": True}
    log(instance=promotion, action="payments.promotion", data=told)
    return True


def _lock(learner_id: int) -> User:
    """All that concerns one buyer's money stands in line."""
    return User.objects.select_for_update(no_key=True).get(pk=learner_id)


def _is_back(learner: User, now: datetime) -> bool:
    """Whether they subscribe again, or hold a membership by whatever way."""
    live = Subscription.objects.filter(learner=learner, status__in=Subscription.LIVE)
    held = Grant.objects.filter(learner=learner, membership__isnull=False).lasting(now)
    return live.exists() or held.exists()


def _offers() -> list[Offer]:
    """What it is good for: every membership on sale that renews itself."""
    return list(
        Offer.objects.filter(
            kind=Offer.Kind.RECURRING, is_active=True, membership__is_for_sale=True
        )
    )
