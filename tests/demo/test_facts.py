"""The facts of the demo's desk are true."""

from demo import facts
from payments.sandbox import cards

TOLD = {"authentication": "three_d_secure"}


def test_each_test_card_does_what_the_desk_says() -> None:
    for number, outcome in facts.CARDS:
        behaviour = cards.CARDS[number.replace(" ", "")].behaviour
        assert outcome == TOLD.get(behaviour, behaviour), number
