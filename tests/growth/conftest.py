"""The time of day is set here as in the tests of learning."""

from tests.learning.conftest import at

__all__ = ["at"]
