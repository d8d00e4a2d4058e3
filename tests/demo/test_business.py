"""The demo's last weeks: finance finds something to do, and Stripe agrees to all of it."""

import io
from datetime import timedelta

import pytest
from django.core.management import call_command

from operations import clock as site_clock
from payments import matching
from payments.models import (
    Cancellation,
    Difference,
    Dispute,
    Gift,
    Matching,
    Order,
    RedeemCode,
    RefundRequest,
    Subscription,
)


def demo() -> None:
    call_command("demo", stdout=io.StringIO())


@pytest.mark.usefixtures("clock", "run_jobs")
def test_everything_of_finances_day_is_there_once_and_equals_stripe(settings, tmp_path) -> None:
    settings.DATA = tmp_path
    demo()
    assert site_clock.offset() == timedelta()
    assert sorted(RefundRequest.objects.values_list("status", flat=True)) == ["asked", "proposed"]
    assert Dispute.objects.get().status == "needs_response"
    assert Gift.objects.filter(redeemed_at=None).count() == 1
    assert Gift.objects.exclude(redeemed_at=None).count() == 1
    assert RedeemCode.objects.exclude(redeemed_at=None).count() == 4
    failing = Subscription.objects.filter(status="past_due")
    assert failing.values_list("learner__name", flat=True).get() == "方舟"
    assert set(Cancellation.objects.values_list("reason", flat=True)) == {"time", "done"}

    matching.run(now=site_clock.now(), since=None)
    assert not Difference.objects.exists()
    assert Matching.objects.get().looked_at > 0

    before = Order.objects.count()
    demo()
    assert Order.objects.count() == before
