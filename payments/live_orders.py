"""The sandbox does not start where real money was taken."""

from django.db import connection

from payments.models import Order


def keep_the_sandbox_away() -> None:
    from payments.sandbox import checks

    checks.live_order_probes.append(exist)


def exist() -> bool:
    """Whether an order of Stripe's live mode is in the database (which may be empty yet)."""
    if Order._meta.db_table not in connection.introspection.table_names():
        return False
    return Order.objects.filter(livemode=True).exists()
