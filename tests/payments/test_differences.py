"""A difference with Stripe is written down once, with both sides, until it has ended."""

from datetime import timedelta
from typing import Any

import pytest

from payments import differences, gateway
from payments.models import Difference
from tests.payments.factories import ACCOUNT, NOW, OrderFactory

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(hours=1)


@pytest.fixture(autouse=True)
def _whose_key_it_is_was_asked(db: None) -> None:
    """Once per process, and never inside a transaction of ours."""
    gateway.ours()


def found(**fields: Any) -> Difference:
    return differences.found(
        **{
            "kind": "order",
            "object_id": "o_1",
            "what": "state",
            "ours": {"status": "open"},
            "theirs": {},
            "now": NOW,
            **fields,
        }
    )


def rows() -> list[tuple[Any, ...]]:
    names = ("object_id", "what", "ours", "theirs", "since", "seen_at", "ended_at", "ending")
    return list(Difference.objects.order_by("pk").values_list(*names))


def test_found_again_it_is_the_same_one_with_what_is_true_now(log_of: Any) -> None:
    found()
    assert "difference: order o_1: state" in log_of()
    said = len(log_of())
    found(ours={"status": "paid"}, theirs={"status": "open"}, now=LATER)
    assert len(log_of()) == said
    assert rows() == [("o_1", "state", "status=paid", "status=open", NOW, LATER, None, "")]


def test_another_object_or_another_matter_or_account_is_another_difference() -> None:
    first = found()
    for name, value in (("account", "acct_other"), ("livemode", True)):
        Difference.objects.create(
            **{
                "account": ACCOUNT,
                "object_kind": "order",
                "object_id": "o_1",
                "what": "state",
                "since": NOW,
                "seen_at": NOW,
                name: value,
            }
        )
    others = [found(object_id="o_2"), found(what="amount"), found(kind="session")]
    assert found().pk == first.pk
    assert len({first.pk, *(each.pk for each in others)}) == 4
    assert Difference.objects.count() == 6
    ending = Difference.Ending.GONE
    assert differences.ended(kind="order", object_id="o_1", ending=ending, now=LATER) == 2
    closed = Difference.objects.filter(ended_at=LATER, ending=ending, account=ACCOUNT)
    assert set(closed) == {first, others[1]}
    assert differences.ended(kind="order", object_id="o_1", ending=ending, now=NOW) == 0


def test_what_comes_again_after_its_end_is_a_new_one() -> None:
    first = found()
    differences.ended(kind="order", object_id="o_1", ending=Difference.Ending.MENDED, now=LATER)
    assert found().pk != first.pk


def test_what_was_mended_is_told_and_has_ended() -> None:
    other = found(object_id="o_2")
    differences.mended(
        kind="order", object_id="o_1", ours={"status": "open"}, theirs={"status": "paid"}, now=NOW
    )
    assert rows()[1] == ("o_1", "state", "status=open", "status=paid", NOW, NOW, NOW, "mended")
    other.refresh_from_db()
    assert other.ended_at is None


def test_values_are_written_plainly_and_read_back() -> None:
    row = found(ours={"at": NOW, "paid": True, "tax": False, "amount": 0, "note": None})
    row.refresh_from_db()
    assert row.ours == "at=2026-11-23T04:00:00+00:00; paid=yes; tax=no; amount=0; note="
    assert differences.facts_of(row.ours) == {
        "at": "2026-11-23T04:00:00+00:00",
        "paid": "yes",
        "tax": "no",
        "amount": "0",
        "note": "",
    }
    assert differences.facts_of("") == {}
    for words in ("not here", "status", "status=paid; and more", "a b=1"):
        assert differences.facts_of(words) is None
    long = found(object_id="o_2", ours={"note": "x" * 300})
    long.refresh_from_db()
    assert long.ours == "note=" + "x" * 295


def test_open_ones_are_told_by_name_with_what_they_are_about() -> None:
    order = OrderFactory(price__amount=9900)
    found(object_id=str(order.key), now=LATER)
    found(theirs={"status": "paid"})
    differences.mended(kind="order", object_id="o_9", ours={}, theirs={}, now=NOW)
    Difference.objects.create(
        account="acct_other", object_kind="order", object_id="x", what="y", since=NOW, seen_at=NOW
    )
    of_order, unknown = differences.still_open()
    assert of_order.startswith(
        f"order {order.key}: state (ours: status=open; Stripe's: ) of ¥99, {order.buyer.email}, "
    )
    assert unknown == "order o_1: state (ours: status=open; Stripe's: status=paid)"
