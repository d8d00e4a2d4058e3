"""How codes are made, read and kept: those that were handed out hold for ever."""

from uuid import UUID

import pytest
from django.core.exceptions import ValidationError

from payments import codes
from tests.factories import MembershipFactory, UserFactory, course
from tests.payments.factories import NOW, RedeemBatchFactory, RedeemCodeFactory

KEY = UUID("12345678-1234-5678-1234-567812345678")


@pytest.fixture(autouse=True)
def secret(settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "now", ["before", "long before"]


def test_a_code_that_was_handed_out_stays_what_it_is():
    assert codes.derive(KEY, 1) == "C38CTS2QJ9Y4"
    assert codes.derive(KEY, 2) == "TEWTBPAW3J94"
    assert codes.derive(KEY, 1, secret="before") == "53RR4TDHSF8Z"
    assert codes.digest("C38CTS2QJ9Y4")[:12] == "e6da76d327f8"


def test_it_is_known_again_whatever_secret_it_was_made_with():
    for secret in ("now", "before", "long before"):
        code = codes.derive(KEY, 1, secret=secret)
        kept = codes.digest(code, secret=secret)
        assert codes.again(KEY, 1, kept) == code
        assert codes.again(KEY, 2, kept) == ""
        assert kept in codes.digests(code)
    assert len(codes.digests("C38CTS2QJ9Y4")) == 3
    code = codes.derive(KEY, 1, secret="gone")
    assert codes.again(KEY, 1, codes.digest(code, secret="gone")) == ""


def test_it_is_shown_by_fours_and_in_a_link(settings):
    settings.BASE_URL = "https://example.com"
    assert codes.shown("C38CTS2QJ9Y4") == "C38C-TS2Q-J9Y4"
    assert codes.address("C38CTS2QJ9Y4") == "https://example.com/redeem/C38C-TS2Q-J9Y4/"


@pytest.mark.parametrize(
    "typed",
    ["C38CTS2QJ9Y4", "c38c-ts2q-j9y4", " · C38CTS2QJ9Y4 — . _", " " * 48 + "C38CTS2QJ9Y4"],
)
def test_what_is_typed_with_other_marks_is_read(typed):
    assert codes.read(typed) == "C38CTS2QJ9Y4"


@pytest.mark.parametrize(
    "typed",
    [
        "C38CTS2QJ9Y",  # too short
        "C38CTS2QJ9Y42",  # too long
        "038CTS2QJ9Y4",  # no letter of ours
        "C38CTS2QJ9Y2",  # the check character of another
        " " * 49 + "C38CTS2QJ9Y4",  # more than anybody types
    ],
)
def test_what_is_no_code_is_not_read(typed):
    with pytest.raises(codes.Mistyped):
        codes.read(typed)


# --- batches and their codes as rows -------------------------------------------------------------


@pytest.mark.django_db
def test_a_batch_has_one_to_ten_thousand_codes_of_a_course_or_a_membership():
    page, membership, maker = course(), MembershipFactory(), UserFactory()
    batch = RedeemBatchFactory.build(course=page, made_by=maker)
    wrong = []
    for batch.size in (0, 1, 10_000, 10_001):
        try:
            batch.full_clean()
        except ValidationError as problem:
            wrong.append((batch.size, list(problem.message_dict)))
    assert wrong == [(0, ["size"]), (10_001, ["size"])]
    assert batch.sellable == page
    assert RedeemBatchFactory.build(course=None, membership=membership).sellable == membership


LATER, LAST = NOW.replace(day=24), NOW.replace(day=25)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("code", "batch", "void", "shut"),
    [
        ({}, {}, False, None),
        ({"revoked_at": NOW}, {}, True, None),
        ({}, {"revoked_at": NOW}, True, None),
        ({}, {"withdrawn_at": LATER}, True, LATER),
        ({"withdrawn_at": NOW}, {}, False, NOW),
        ({"withdrawn_at": NOW}, {"withdrawn_at": LATER}, True, NOW),
        ({"withdrawn_at": LAST}, {"withdrawn_at": LATER}, True, LATER),
    ],
)
def test_what_was_taken_back_is_void_and_what_was_withdrawn_is_shut(code, batch, void, shut):
    if "withdrawn_at" in code:
        code = code | {"redeemed_by": UserFactory(), "redeemed_at": NOW}
    row = RedeemCodeFactory(batch=RedeemBatchFactory(**batch), **code)
    assert (row.is_void, row.shut_at) == (void, shut)


@pytest.mark.django_db
def test_it_opens_since_it_was_redeemed_or_since_its_day():
    row = RedeemCodeFactory()
    assert row.opens_at is None
    row.redeemed_at = NOW
    assert row.opens_at == NOW
    row.starts_at = LATER
    assert row.opens_at == LATER
