"""The sandbox's addresses, included under /sandbox/ while it is on."""

from django.urls import path

from payments.sandbox.pages import api, checkout, console, documents, objects, portal

app_name = "sandbox"

urlpatterns = [
    path("", console.console, name="console"),
    path("do/<slug:action>/", console.act, name="act"),
    path("objects/", objects.find, name="find"),
    path("objects/<str:stripe_id>/", objects.show, name="object"),
    path("checkout/<str:session_id>/", checkout.checkout, name="checkout"),
    path("checkout/<str:session_id>/secure/", checkout.secure, name="secure"),
    path("checkout/<str:session_id>/<str:wallet>/", checkout.wallet, name="wallet"),
    path("invoice/<str:invoice_id>/", documents.invoice, name="invoice"),
    path("receipt/<str:charge_id>/", documents.receipt, name="receipt"),
    path("portal/<str:path>/", portal.portal, name="portal"),
    path("portal/<str:path>/card/", portal.card, name="portal-card"),
    path("portal/<str:path>/secure/", portal.secure, name="portal-secure"),
    path("portal/<str:path>/<str:subscription_id>/", portal.change, name="portal-change"),
    path("v1/<path:rest>", api.door, name="api"),
]
