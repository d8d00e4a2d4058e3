"""Stripe's test cards (https://docs.stripe.com/testing), those a course shop meets.

A number is looked up here and forgotten: nothing keeps or logs it.
"""

import hashlib
import re
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Behaviour(StrEnum):
    SUCCEEDS = "succeeds"
    DECLINED = "declined"
    INSUFFICIENT_FUNDS = "insufficient_funds"
    AUTHENTICATION = "authentication"  # asks for 3-D Secure when the buyer is there
    ALWAYS_AUTHENTICATION = "always_authentication"  # and at each later charge
    FAILS_WHEN_CHARGED = "fails_when_charged"  # can be kept, but every charge fails
    DISPUTED = "disputed"  # charged, then disputed


class CardRefusedError(ValueError):
    """What was typed cannot be a card. `field` says where, `code` is Stripe's."""

    def __init__(self, field: str, code: str) -> None:
        super().__init__(code)
        self.field = field
        self.code = code


@dataclass(frozen=True)
class TestCard:
    number: str
    brand: str
    behaviour: Behaviour
    country: str = "US"
    funding: str = "credit"

    @property
    def last4(self) -> str:
        return self.number[-4:]

    @property
    def fingerprint(self) -> str:
        return hashlib.sha256(f"sandbox card {self.number}".encode()).hexdigest()[:16]


CARDS = {
    card.number: card
    for card in (
        TestCard("4242424242424242", "visa", Behaviour.SUCCEEDS),
        TestCard("5555555555554444", "mastercard", Behaviour.SUCCEEDS),
        TestCard("378282246310005", "amex", Behaviour.SUCCEEDS),
        TestCard("6200000000000005", "unionpay", Behaviour.SUCCEEDS, country="CN"),
        TestCard("4000000000000002", "visa", Behaviour.DECLINED),
        TestCard("4000000000009995", "visa", Behaviour.INSUFFICIENT_FUNDS),
        TestCard("4000002500003155", "visa", Behaviour.AUTHENTICATION),
        TestCard("4000002760003184", "visa", Behaviour.ALWAYS_AUTHENTICATION),
        TestCard("4000000000000341", "visa", Behaviour.FAILS_WHEN_CHARGED),
        TestCard("4000000000000259", "visa", Behaviour.DISPUTED),
    )
}


def read(number: str, expiry: str, cvc: str, now: datetime) -> tuple[TestCard, tuple[int, int]]:
    """The test card that was typed, and (month, year). Raises CardRefusedError."""
    digits = re.sub(r"[\s-]", "", number)
    if not re.fullmatch(r"[0-9]{12,19}", digits) or not _luhn(digits):
        raise CardRefusedError("number", "incorrect_number")
    expires = _expiry(expiry, now)
    if not re.fullmatch(r"[0-9]{3,4}", cvc.strip()):
        raise CardRefusedError("cvc", "invalid_cvc")
    if digits not in CARDS:
        raise CardRefusedError("number", "not_a_test_card")
    return CARDS[digits], expires


def _expiry(text: str, now: datetime) -> tuple[int, int]:
    found = re.fullmatch(r"\s*([0-9]{1,2})\s*/?\s*([0-9]{2}|20[0-9]{2})\s*", text)
    if not found or not 1 <= int(found[1]) <= 12:
        raise CardRefusedError("expiry", "invalid_expiry_month")
    month, year = int(found[1]), int(found[2]) % 100 + 2000
    if (year, month) < (now.year, now.month):
        raise CardRefusedError("expiry", "invalid_expiry_year")
    return month, year


def _luhn(digits: str) -> bool:
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (1 + place % 2)
        total += value - 9 if value > 9 else value
    return total % 10 == 0
