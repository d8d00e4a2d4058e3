"""Addresses about money: buying, coming back from Stripe, one's own orders; Stripe's own door."""

from django.urls import path

from payments.views import (
    buying,
    gifts,
    membership,
    orders,
    redeeming,
    returning,
    seats,
    subscriptions,
)
from payments.webhook_view import webhook

urlpatterns = [
    path("membership/", membership.membership, name="membership"),
    path("payments/checkout/", buying.checkout, name="payments_checkout"),
    path("payments/buy/<uuid:key>/", buying.buy, name="payments_buy"),
    path("payments/gift/<uuid:key>/", gifts.give, name="give"),
    path("payments/seats/<uuid:key>/", seats.buy_seats, name="buy_seats"),
    path("payments/return/", returning.returned, name="payments_return"),
    path("payments/webhook/", webhook, name="payments_webhook"),
    path("payments/cancelled/", returning.cancelled, name="payments_cancelled"),
    path("redeem/", redeeming.redeem, name="redeem"),
    path("redeem/<str:code>/", redeeming.redeem_code, name="redeem_code"),
    path("redeem/<str:code>/card.png", redeeming.card, name="gift_card"),
    path("account/orders/", orders.orders, name="orders"),
    path("account/orders/<uuid:key>/", orders.order, name="order"),
    path("account/orders/<uuid:key>/receipt/", orders.receipt, name="order_receipt"),
    path("account/orders/<uuid:key>/refund/", orders.refund, name="order_refund"),
    path("account/orders/<uuid:key>/gift/send/", gifts.send_again, name="gift_send"),
    path("account/orders/<uuid:key>/gift/take-back/", gifts.take_back, name="gift_take_back"),
    path("account/orders/<uuid:key>/seats.csv", seats.seats_csv, name="seats_csv"),
    path("account/orders/<uuid:key>/seats/send/", seats.send_seats, name="seats_send"),
    path(
        "account/subscriptions/<int:pk>/cancel/", subscriptions.cancel, name="subscription_cancel"
    ),
    path(
        "account/subscriptions/<int:pk>/resume/", subscriptions.resume, name="subscription_resume"
    ),
    path("account/subscriptions/<int:pk>/card/", subscriptions.card, name="subscription_card"),
]
