"""Addresses about money: buying, coming back from Stripe, one's own orders; Stripe's own door."""

from django.urls import path

from payments.views import buying, membership, orders, redeeming, returning, subscriptions
from payments.webhook_view import webhook

urlpatterns = [
    path("membership/", membership.membership, name="membership"),
    path("payments/checkout/", buying.checkout, name="payments_checkout"),
    path("payments/buy/<uuid:key>/", buying.buy, name="payments_buy"),
    path("payments/return/", returning.returned, name="payments_return"),
    path("payments/webhook/", webhook, name="payments_webhook"),
    path("payments/cancelled/", returning.cancelled, name="payments_cancelled"),
    path("redeem/", redeeming.redeem, name="redeem"),
    path("redeem/<str:code>/", redeeming.redeem_code, name="redeem_code"),
    path("account/orders/", orders.orders, name="orders"),
    path("account/orders/<uuid:key>/", orders.order, name="order"),
    path("account/orders/<uuid:key>/receipt/", orders.receipt, name="order_receipt"),
    path("account/orders/<uuid:key>/refund/", orders.refund, name="order_refund"),
    path(
        "account/subscriptions/<int:pk>/cancel/", subscriptions.cancel, name="subscription_cancel"
    ),
    path(
        "account/subscriptions/<int:pk>/resume/", subscriptions.resume, name="subscription_resume"
    ),
    path("account/subscriptions/<int:pk>/card/", subscriptions.card, name="subscription_card"),
]
