"""What the API offers on invoices."""

from datetime import datetime

from payments.sandbox import cycle, invoices, lists, pending, store, switching
from payments.sandbox.customers import own_method
from payments.sandbox.errors import CardError, InvalidRequestError
from payments.sandbox.operations import operation
from payments.sandbox.parameters import Params
from payments.sandbox.store import Shape


@operation("get", "/v1/invoices/{invoice}")
def retrieve_invoice(params: Params, now: datetime, stripe_id: str) -> Shape:
    return store.get("invoice", stripe_id, param="invoice").data


@operation("get", "/v1/invoices")
def list_invoices(params: Params, now: datetime) -> Shape:
    rows = lists.narrow(store.every("invoice"), params, "customer", "status", "collection_method")
    if subscription := params.text("subscription"):
        rows = rows.filter(data__parent__subscription_details__subscription=subscription)
    return lists.page(rows, "invoice", params, "/v1/invoices")


@operation("post", "/v1/invoices/{invoice}/pay")
def pay_invoice(params: Params, now: datetime, stripe_id: str) -> Shape:
    invoice = store.get("invoice", stripe_id, param="invoice")
    if invoice.data["status"] == "paid":
        raise InvalidRequestError("Invoice is already paid", code="invoice_already_paid")
    if invoice.data["status"] not in {"draft", "open"}:
        raise InvalidRequestError(
            f"This invoice can't be paid because it is {invoice.data['status']}.",
            code="invoice_not_editable",
        )
    params.flag("off_session")
    wanted = params.text("payment_method")
    method = own_method(store.get("customer", invoice.customer), wanted) if wanted else None
    if invoice.data["status"] == "draft":
        store.stop_timer("invoice.finalize", stripe_id)
        invoices.finalize(invoice, now)
    if decline := cycle.collect(invoice, now, method=method, by_hand=True):
        raise CardError(decline.message, code=decline.code, decline_code=decline.decline_code or "")
    return store.get("invoice", stripe_id).data


@operation("post", "/v1/invoices/{invoice}/void")
def void_invoice(params: Params, now: datetime, stripe_id: str) -> Shape:
    invoice = store.get("invoice", stripe_id, param="invoice")
    if invoice.data["status"] not in {"open", "uncollectible"}:
        raise InvalidRequestError(
            f"You can only void open invoices. This one is {invoice.data['status']}."
        )
    invoices.close(invoice, "void", now)
    if held := invoices.subscription_id(invoice.data):
        pending.discard(store.get("subscription", held), invoice, now)
    return invoice.data


@operation("get", "/v1/invoice_payments")
def list_invoice_payments(params: Params, now: datetime) -> Shape:
    rows = lists.narrow(store.every("invoice_payment"), params, "invoice", "status")
    payment = params.nested("payment")
    if kind := payment.text("type", choices=["payment_intent", "charge"]):
        rows = rows.filter(data__payment__type=kind)
    if intent := payment.text("payment_intent"):
        rows = rows.filter(data__payment__payment_intent=intent)
    return lists.page(rows, "invoice_payment", params, "/v1/invoice_payments")


@operation("get", "/v1/invoice_payments/{invoice_payment}")
def retrieve_invoice_payment(params: Params, now: datetime, stripe_id: str) -> Shape:
    return store.get("invoice_payment", stripe_id).data


@operation("post", "/v1/invoices/create_preview")
def preview_invoice(params: Params, now: datetime) -> Shape:
    """The next invoice of a subscription, or what a switch of price would cost now."""
    subscription = store.get("subscription", params.must("subscription"), param="subscription")
    if (customer := params.text("customer")) not in {None, subscription.customer}:
        raise InvalidRequestError(
            f"Customer {customer} does not have subscription {subscription.stripe_id}.",
            param="customer",
        )
    details = params.nested("subscription_details")
    change = switching.read(subscription, details, now)
    if details.flag("cancel_at_period_end") or (
        change is None and subscription.data["cancel_at_period_end"]
    ):
        raise InvalidRequestError("No upcoming invoices for customer", code="invoice_upcoming_none")
    if change is None:
        return cycle.upcoming(subscription, now)
    return switching.preview(subscription, change, now)
