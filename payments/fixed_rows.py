"""What the database itself keeps from being changed: prices, the books, shares."""

from typing import Any

from operations.fixed_rows import fix, fix_columns, keep
from payments.models import MoneyEntry, Price, RevenueShare


def install(using: str = "default", **kwargs: Any) -> None:
    """Make the rows fixed in the database just migrated; again changes nothing."""
    if using == "default":
        fix_columns(using, Price, Price.FIXED)
        fix(using, MoneyEntry)
        keep(using, MoneyEntry)
        fix(using, RevenueShare)
        keep(using, RevenueShare)
