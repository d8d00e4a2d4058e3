"""Going over to another plan: what is offered, what a confirmation does, what stands in the way."""

import uuid
from typing import Any

import pytest
from django.urls import reverse

from accounts.models import User
from payments.models import PlanChange, Price, Subscription
from payments.sandbox import faults
from tests.accounts.doors import grow_old
from tests.factories import UserFactory
from tests.payments import shown
from tests.payments.factories import NOW, PriceFactory, SubscriptionFactory
from tests.payments.plans import behaves, fresh, to, token_of
from tests.payments.test_pages import signed_in

pytestmark = pytest.mark.django_db
UNDER_WAY = "info: 已有一项更换在进行，请先撤回。"
NOT_NOW = "info: 现在不能这样更换。"


@pytest.fixture
def row(shop: Any, buyer: User, library: dict[str, Price]) -> Subscription:
    found = shop.buy(buyer, library["month"]).subscription
    assert found is not None
    return found


def choice(row: Subscription) -> str:
    return reverse("subscription_switch", args=[row.pk])


def leads_back(answer: Any, row: Subscription, *words: str) -> None:
    page = reverse("subscription", args=[row.pk])
    assert (answer.status_code, answer["Location"]) == (302, page)
    assert shown.said(answer) == list(words)


def plan_change(row: Subscription, price: Price) -> None:
    assert row.offer is not None
    PlanChange.objects.create(
        subscription=row,
        from_offer=row.offer,
        from_amount=3900,
        price=price,
        at_period_end=True,
        effective_at=row.period_end,
        created_at=NOW,
    )


def test_plans_are_offered_to_the_learner_alone(client, me, row, library):
    stranger = signed_in(UserFactory())
    for address in (choice(row), to(row, library["year"])):
        assert client.get(address)["Location"] == f"/account/login/?next={address}"
        assert stranger.get(address).status_code == 404
        assert me.put(address).status_code == 405
    answer = me.get(choice(row))
    assert to(row, library["year"]) in answer.text
    assert to(row, library["quarter"]) in answer.text
    assert to(row, library["month"]) not in answer.text
    assert me.post(choice(row)).status_code == 405


def test_from_a_dearer_plan_it_begins_with_the_next_period(me, buyer, library):
    row = SubscriptionFactory(learner=buyer, offer=library["year"].offer, object={"id": "sub_1"})
    assert "今天不扣款" in "".join(shown.lines(me.get(choice(row))))


def test_what_was_confirmed_is_done_and_a_second_tap_leads_to_it(me, row, library):
    page = me.get(to(row, library["year"]))
    answer = me.post(to(row, library["year"]), {"shown": token_of(page)})
    leads_back(answer, row, "success: 已更换。")
    assert fresh(row).offer == library["year"].offer
    me.get(choice(row))
    for ask in (me.get, me.post):
        leads_back(ask(to(row, library["year"])), row)
    down = me.get(to(row, library["month"]))
    answer = me.post(to(row, library["month"]), {"shown": token_of(down)})
    leads_back(answer, row, "success: 已安排：下一期起更换。")
    me.get("/membership/")
    leads_back(me.get(choice(row)), row, UNDER_WAY)
    me.get("/membership/")
    leads_back(me.get(to(row, library["quarter"])), row, UNDER_WAY)


def test_sums_that_changed_are_shown_once_more(me, row, library):
    answer = me.post(to(row, library["year"]), {"shown": "x"})
    assert answer.status_code == 200
    assert "金额有变，请再看一眼。" in shown.lines(answer)
    assert token_of(answer)
    assert "金额有变，请再看一眼。" not in shown.lines(me.get(to(row, library["year"])))
    assert not PlanChange.objects.exists()


def test_a_confirmation_wants_a_proof_and_looking_does_not(me, row, library):
    grow_old(me)
    page = me.get(to(row, library["year"]))
    assert page.status_code == 200
    answer = me.post(to(row, library["year"]), {"shown": token_of(page)})
    assert answer["Location"].startswith("/account/reauthenticate/?next=")
    assert not PlanChange.objects.exists()


def test_a_declined_card_changes_nothing(me, row, library):
    token = token_of(me.get(to(row, library["year"])))
    behaves(row, "declined")
    answer = me.post(to(row, library["year"]), {"shown": token})
    assert answer.status_code == 200
    assert "银行没有通过，未扣款，一切照旧。" in shown.lines(answer)
    assert fresh(row).offer == library["month"].offer


def test_a_bank_that_asks_is_answered_on_its_page(me, row, library):
    token = token_of(me.get(to(row, library["year"])))
    behaves(row, "always_authentication")
    answer = me.post(to(row, library["year"]), {"shown": token})
    assert answer.status_code == 303
    assert "/sandbox/" in answer["Location"]


def test_where_another_change_is_open_nothing_is_confirmed(me, row, library):
    token = token_of(me.get(to(row, library["year"])))
    plan_change(row, library["quarter"])
    answer = me.post(to(row, library["year"]), {"shown": token})
    leads_back(answer, row, UNDER_WAY)
    assert PlanChange.objects.count() == 1


def test_what_is_no_plan_is_not_found_or_not_possible(me, row, library, listening):
    other = PriceFactory(offer=library["term"].offer, currency="USD", amount=900)
    leads_back(me.get(to(row, library["term"])), row, NOT_NOW)
    me.get("/membership/")
    leads_back(me.post(to(row, other)), row, NOT_NOW)
    unknown = reverse("subscription_switch_to", args=[row.pk, uuid.uuid4()])
    assert me.get(unknown).status_code == 404
    assert me.get(to(row, listening["month"])).status_code == 200


def test_where_stripe_is_away_it_is_told_apart(me, row, library):
    token = token_of(me.get(to(row, library["year"])))
    faults.plan("no_connection", times=99)
    away = "error: 暂时连不上 Stripe，什么都没有改变，请稍后再试。"
    leads_back(me.get(to(row, library["year"])), row, away)
    faults.clear()
    me.get("/membership/")
    faults.plan("no_connection", times=99, match="POST")
    answer = me.post(to(row, library["year"]), {"shown": token})
    words = (
        "warning: Stripe 没有答复，还不知道换没换成。我们正在核对，结果会写在这一页；不会重复扣款。"
    )
    leads_back(answer, row, words)


def test_changes_are_limited(me, row, library, settings):
    settings.RATE_LIMITS = settings.RATE_LIMITS | {"checkout": "1/h/user"}
    found = [me.get(to(row, library["year"])).status_code for _ in range(2)]
    assert found == [200, 429]
    assert me.get(choice(row)).status_code == 200
