from .books import Difference, Matching, MoneyEntry
from .codes import RedeemBatch, RedeemCode
from .gifts import Gift
from .mirrors import Dispute, Invoice, Refund, Subscription
from .offers import Offer, Price, StripePrice, StripeProduct
from .orders import Customer, Order, RefundRequest, Trial
from .webhooks import WebhookEvent

__all__ = [
    "Customer",
    "Difference",
    "Dispute",
    "Gift",
    "Invoice",
    "Matching",
    "MoneyEntry",
    "Offer",
    "Order",
    "Price",
    "RedeemBatch",
    "RedeemCode",
    "Refund",
    "RefundRequest",
    "StripePrice",
    "StripeProduct",
    "Subscription",
    "Trial",
    "WebhookEvent",
]
