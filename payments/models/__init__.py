from .books import Difference, Matching, MoneyEntry
from .changes import Cancellation, Pause, PlanChange, PriceChange
from .codes import RedeemBatch, RedeemCode
from .fapiao import Fapiao
from .gifts import Gift
from .mirrors import Dispute, Invoice, Refund, Subscription
from .offers import Offer, PresaleEnd, Price, StripePrice, StripeProduct
from .orders import Customer, Order, OrderedCourse, Trial
from .promotions import PromotionCode, PromotionUse, StripePromotion, WinBack
from .refund_requests import RefundRequest
from .reservations import Reservation
from .shares import RevenueShare
from .webhooks import WebhookEvent

__all__ = [
    "Cancellation",
    "Customer",
    "Difference",
    "Dispute",
    "Fapiao",
    "Gift",
    "Invoice",
    "Matching",
    "MoneyEntry",
    "Offer",
    "Order",
    "OrderedCourse",
    "Pause",
    "PlanChange",
    "PresaleEnd",
    "Price",
    "PriceChange",
    "PromotionCode",
    "PromotionUse",
    "RedeemBatch",
    "RedeemCode",
    "Refund",
    "RefundRequest",
    "Reservation",
    "RevenueShare",
    "StripePrice",
    "StripeProduct",
    "StripePromotion",
    "Subscription",
    "Trial",
    "WebhookEvent",
    "WinBack",
]
