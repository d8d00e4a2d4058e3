"""The account that the sandbox is."""

from datetime import datetime

from django.conf import settings

from payments.sandbox.operations import operation
from payments.sandbox.parameters import Params
from payments.sandbox.store import Shape

ACCOUNT_ID = "acct_sandbox"


@operation("get", "/v1/account")
def retrieve_account(params: Params, now: datetime) -> Shape:
    return {
        "id": ACCOUNT_ID,
        "object": "account",
        "business_type": "company",
        "capabilities": {"card_payments": "active"},
        "charges_enabled": True,
        "country": "HK",
        "created": 1_700_000_000,
        "default_currency": settings.DEFAULT_CURRENCY.lower(),
        "details_submitted": True,
        "email": None,
        "metadata": {},
        "payouts_enabled": True,
        "settings": {
            "branding": {
                "icon": None,
                "logo": None,
                "primary_color": None,
                "secondary_color": None,
            },
            "card_payments": {"statement_descriptor_prefix": None},
            "dashboard": {"display_name": "Sandbox", "timezone": "Asia/Hong_Kong"},
            "payments": {"statement_descriptor": "SANDBOX"},
        },
        "type": "standard",
    }
