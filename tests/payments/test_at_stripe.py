"""Where staff look up an id."""

import pytest
from django.urls import reverse

from payments import at_stripe


def addresses(*ids: str | None, livemode: bool) -> list[str]:
    return [at_stripe.address(each, livemode=livemode) for each in ids]


@pytest.mark.parametrize(("livemode", "mode"), [(True, ""), (False, "/test")])
def test_the_dashboard_has_a_page_for_what_it_knows_by_the_beginning(settings, livemode, mode):
    settings.STRIPE_SANDBOX = False
    found = addresses("pi_1", "sub_1_2", "xx_1", "pi", "", None, livemode=livemode)
    at = f"https://dashboard.stripe.com{mode}"
    assert found == [f"{at}/payments/pi_1", f"{at}/subscriptions/sub_1_2", "", "", "", ""]


def test_the_sandbox_has_a_page_of_everything_but_real_money(settings):
    settings.STRIPE_SANDBOX = True
    here = reverse("sandbox:object", args=["xx_1"])
    assert addresses("xx_1", "7", "", None, livemode=False) == [here, "", "", ""]
    assert addresses("xx_1", livemode=True) == [""]
