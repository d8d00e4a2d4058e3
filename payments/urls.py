"""Addresses about money: buying, coming back from Stripe, one's own orders; Stripe's own door."""

from django.urls import path

from payments.views import (
    bundles,
    buying,
    enrolling,
    fapiao,
    gifts,
    membership,
    orders,
    redeeming,
    reservations,
    returning,
    seats,
    subscriptions,
    switching,
)
from payments.webhook_view import webhook

urlpatterns = [
    path("membership/", membership.membership, name="membership"),
    path("bundles/<str:slug>/", bundles.bundle, name="bundle"),
    path("payments/checkout/", buying.checkout, name="payments_checkout"),
    path("payments/buy/<uuid:key>/", buying.buy, name="payments_buy"),
    path("payments/enrol/", enrolling.enrol, name="enrol"),
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
    path("account/orders/<uuid:key>/fapiao/", fapiao.ask, name="fapiao"),
    path("account/orders/<uuid:key>/fapiao/bills/<int:bill>/", fapiao.ask, name="fapiao_of_bill"),
    path("account/orders/<uuid:key>/fapiao/<int:pk>/file/", fapiao.download, name="fapiao_file"),
    path("account/orders/<uuid:key>/receipt/", orders.receipt, name="order_receipt"),
    path("account/orders/<uuid:key>/refund/", orders.refund, name="order_refund"),
    path("account/refunds/<uuid:key>/withdraw/", orders.withdraw_refund, name="refund_withdraw"),
    path("account/orders/<uuid:key>/give-up/", reservations.give_up, name="reservation_give_up"),
    path("account/orders/<uuid:key>/pay/", reservations.pay, name="reservation_pay"),
    path("account/orders/<uuid:key>/begin/", reservations.begin, name="reservation_begin"),
    path("account/orders/<uuid:key>/gift/send/", gifts.send_again, name="gift_send"),
    path("account/orders/<uuid:key>/gift/take-back/", gifts.take_back, name="gift_take_back"),
    path("account/orders/<uuid:key>/seats.csv", seats.seats_csv, name="seats_csv"),
    path("account/orders/<uuid:key>/seats/send/", seats.send_seats, name="seats_send"),
    *(
        path(f"account/subscriptions/<int:pk>/{address}", view, name=name)
        for address, view, name in (
            ("", subscriptions.subscription, "subscription"),
            ("cancel/", subscriptions.cancel, "subscription_cancel"),
            ("resume/", subscriptions.resume, "subscription_resume"),
            ("pause/", subscriptions.pause, "subscription_pause"),
            ("pause/end/", subscriptions.unpause, "subscription_unpause"),
            ("pay/", subscriptions.pay, "subscription_pay"),
            ("card/", subscriptions.card, "subscription_card"),
            ("switch/", switching.choose, "subscription_switch"),
            ("switch/back/", subscriptions.withdraw_change, "subscription_switch_back"),
            ("switch/<uuid:key>/", switching.switch_to, "subscription_switch_to"),
        )
    ),
]
