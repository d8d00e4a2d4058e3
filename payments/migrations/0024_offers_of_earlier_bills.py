from typing import Any

from django.db import migrations

AT_ONCE = 500


def tell(apps: Any, schema_editor: Any) -> None:
    """From what Stripe said of each bill: the offer of the last price that it does not credit."""
    prices = apps.get_model("payments", "StripePrice").objects
    keys = prices.values_list("account", "livemode", "stripe_id", "price__offer")
    offers = {tuple(key): offer for *key, offer in keys}
    bills = apps.get_model("payments", "Invoice").objects
    changed = []
    for bill in bills.filter(offer=None).only("object", "account", "livemode").iterator(AT_ONCE):
        for line in reversed((bill.object.get("lines") or {}).get("data") or []):
            details = (line.get("pricing") or {}).get("price_details") or {}
            price = details.get("price")
            price = price["id"] if isinstance(price, dict) else price
            offer = offers.get((bill.account, bill.livemode, price))
            if offer and line["amount"] >= 0:
                bill.offer_id = offer
                changed.append(bill)
                break
        if len(changed) == AT_ONCE:
            bills.bulk_update(changed, ["offer"])
            changed = []
    bills.bulk_update(changed, ["offer"])


class Migration(migrations.Migration):
    dependencies = [("payments", "0023_bills_know_their_offer")]

    operations = [migrations.RunPython(tell, migrations.RunPython.noop, elidable=True)]
