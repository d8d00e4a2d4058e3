"""/account/orders/<order>/fapiao/: to whom a payment's fapiao is made out, and its file."""

import uuid
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from courses.file_responses import respond
from operations import clock
from payments import fapiao
from payments.models import Fapiao, Invoice, Order


class FapiaoForm(forms.Form):
    kind = forms.ChoiceField(
        label=_("Made out to"), choices=Fapiao.Kind.choices, widget=forms.RadioSelect
    )
    title = forms.CharField(
        label=_("Name on the fapiao"),
        max_length=100,
        help_text=_("A person's name, or the company's name in full."),
    )
    tax_number = forms.CharField(
        label=_("Tax number"),
        required=False,  # of a person, who does not see it; of a company `clean` wants it
        help_text=_("15, 17, 18 or 20 digits and capitals."),
    )
    email = forms.EmailField(label=_("E-mail"), help_text=_("Where the fapiao is sent."))

    def clean_tax_number(self) -> str:
        """As it is printed: no spaces, capitals."""
        return "".join(self.cleaned_data["tax_number"].split()).upper()

    def clean(self) -> dict[str, Any]:
        cleaned: dict[str, Any] = super().clean() or {}
        if cleaned.get("kind") != Fapiao.Kind.COMPANY or "tax_number" not in cleaned:
            return cleaned
        if not cleaned["tax_number"]:
            self.add_error("tax_number", _("A company needs its tax number."))
        elif not fapiao.is_tax_number(cleaned["tax_number"]):
            self.add_error(
                "tax_number", _("This tax number is not right. Compare it character by character.")
            )
        return cleaned


@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def ask(request: HttpRequest, key: uuid.UUID, bill: int | None = None) -> HttpResponse:
    """The buyer says to whom it is made out; until it is issued, they may change it."""
    order = _own(request, key)
    invoice = get_object_or_404(Invoice, pk=bill) if bill else None
    payment = fapiao.of_payment(order, invoice)
    if payment is None or not payment.may_ask:
        messages.info(request, _why_not(order, invoice))
        return redirect("order", key)
    row = payment.standing
    standing = {
        "kind": row.kind if row else Fapiao.Kind.PERSON,
        "title": row.title if row else "",
        "tax_number": row.tax_number if row else "",
        "email": row.email if row else order.buyer.email,
    }
    form = FapiaoForm(request.POST or None, initial=standing)
    if request.method == "POST" and form.is_valid():
        try:
            fapiao.ask(order=order, invoice=invoice, **form.cleaned_data, now=clock.now())
        except fapiao.CannotAsk:
            messages.warning(request, _why_not(order, invoice))
        else:
            messages.success(request, _("Noted. You find the fapiao here once it is issued."))
        return redirect("order", key)
    context = {
        "order": order,
        "offer": order.price.offer,
        "form": form,
        "row": row,
        "payment": payment,
    }
    return TemplateResponse(request, "payments/fapiao.html", context)


def _why_not(order: Order, invoice: Invoice | None) -> Any:
    if fapiao.is_going_back(order, invoice):
        return _(
            "It is being given back, or its bank disputes it. Once that is settled, what is left "
            "can have a fapiao."
        )
    return _("There is no fapiao to ask for, or it is issued already.")


@login_required
@require_safe
def download(request: HttpRequest, key: uuid.UUID, pk: int) -> HttpResponse | StreamingHttpResponse:
    """The PDF, to the buyer alone."""
    row = get_object_or_404(Fapiao, pk=pk, order=_own(request, key))
    if not row.file:
        raise Http404
    return file_of(request, row)


def file_of(request: HttpRequest, row: Fapiao) -> HttpResponse | StreamingHttpResponse:
    """Its PDF, whoever may see it. Raises Http404 where it is gone."""
    try:
        return respond(
            request,
            str(row.file.name),
            content_type="application/pdf",
            cache="private, no-store",
            attachment_name=f"{row.number}.pdf",
        )
    except FileNotFoundError as error:
        raise Http404 from error


def _own(request: HttpRequest, key: uuid.UUID) -> Order:
    """The buyer's own order; another's is not found."""
    found = Order.objects.filter(buyer_id=request.user.pk).select_related(
        "buyer", "price__offer__course", "price__offer__bundle", "price__offer__membership"
    )
    return get_object_or_404(found, key=key)
