"""Seats of a course for colleagues: how many, what they cost together; then who has one."""

import re
import uuid
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import limits, reauthentication
from accounts.models import User
from operations import clock, errors
from payments import attribution, beginning, checkout, code_tables, for_others, money, seats
from payments.models import Offer, RedeemBatch
from payments.views import buying

COLUMNS = ["number", "code", "link", "state", "name", "redeemed_at", "sent_to"]
BETWEEN_ADDRESSES = re.compile(r"[\s,;，；、]+")


class SeatsForm(forms.Form):
    seats = forms.IntegerField(
        label=_("How many seats"),
        min_value=for_others.SEATS_AT_LEAST,
        max_value=for_others.SEATS_AT_MOST,
        help_text=_("2 to 500, one for each colleague."),
    )


@require_http_methods(["GET", "HEAD", "POST"])
def buy_seats(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """GET `seats` says what so many cost; POST `seats`, `price`, `wish` leads to Stripe's page:
    if they are as many as were `counted`, else to what so many cost."""
    offer = buying.offer_of(key)
    if offer.course is None or offer.is_recurring:
        raise Http404
    if request.method != "POST":
        form = SeatsForm(request.GET if "seats" in request.GET else None)
        return _page(request, offer, form)
    form = SeatsForm(request.POST)
    if "again" in request.POST or request.POST.get("seats") != request.POST.get("counted"):
        if not form.is_valid():
            return _page(request, offer, form)
        return redirect(f"{request.path}?{urlencode({'seats': form.cleaned_data['seats']})}")
    if not isinstance(request.user, User):
        here = urlencode({"seats": request.POST.get("seats", "")[:5]})
        return redirect_to_login(f"{request.path}?{here}")
    if not limits.consume(request, "checkout"):
        return errors.too_many(request, after=limits.longest_wait("checkout"))
    price = buying.price_of(request.POST.get("price", ""))
    if price.offer_id != offer.pk:
        raise Http404
    if not form.is_valid():
        return _page(request, offer, form)
    try:
        wish = for_others.Wish(
            key=uuid.UUID(request.POST.get("wish", "")), seats=form.cleaned_data["seats"]
        )
    except ValueError:
        raise Http404 from None
    try:
        started = checkout.start(buyer=request.user, price=price, wish=wish, now=clock.now())
    except checkout.AlreadyPaid as paid:
        return redirect(f"{reverse('payments_return')}?order={paid.order.key.hex}")
    except checkout.CannotStart as problem:
        return _page(request, offer, form, problem=problem)
    return HttpResponseRedirect(started.url, status=303)


def _page(
    request: HttpRequest,
    offer: Offer,
    form: SeatsForm,
    *,
    problem: checkout.CannotStart | None = None,
) -> HttpResponse:
    price = buying.price_for_others(request, offer, now=clock.now())
    context: dict[str, Any] = {
        "offer": offer,
        "form": form,
        "price": price,
        "each": money.in_words(price.amount, price.currency) if price else "",
        "wish": uuid.uuid4(),
        "problem": problem.message if problem else "",
        "in_wechat": attribution.is_in_wechat(request),
        "sellable_url": beginning.address(offer.sellable),
    }
    if price and form.is_bound and form.is_valid():
        number = form.cleaned_data["seats"]
        context["seats"] = number
        context["total"] = money.in_words(price.amount * number, price.currency)
    status = 503 if isinstance(problem, checkout.StripeUnavailable) else 200
    response = TemplateResponse(request, "payments/buy_seats.html", context, status=status)
    response["Cache-Control"] = "private, no-store"
    return response


# --- the buyer's own -----------------------------------------------------------------------------


@login_required
@require_safe
def seats_csv(request: HttpRequest, key: uuid.UUID) -> HttpResponseBase:
    """Codes, links and what became of them, as a table."""
    return code_tables.response(_own(request, key), columns=COLUMNS, now=clock.now())


class AddressesForm(forms.Form):
    addresses = forms.CharField(
        label=_("E-mail addresses"),
        max_length=for_others.SEATS_AT_MOST * 100,
        widget=forms.Textarea(attrs={"rows": 8}),
        help_text=_("One on each line. Each gets a mail with a seat of their own."),
    )

    def clean_addresses(self) -> list[str]:
        found = [each for each in BETWEEN_ADDRESSES.split(self.cleaned_data["addresses"]) if each]
        wrong = []
        for each in found:
            try:
                validate_email(each)
            except ValidationError:
                wrong.append(each)
        if wrong:
            told = ", ".join(wrong[:5])
            raise ValidationError(gettext("These are no addresses: %(wrong)s") % {"wrong": told})
        return found


@login_required
@reauthentication.required
@require_http_methods(["GET", "HEAD", "POST"])
def send_seats(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """POST `addresses`: a mail with a seat to each."""
    batch = _own(request, key)
    if batch.is_void or batch.redeemable_until <= clock.now():
        messages.info(request, _("These seats can no longer be handed out."))
        return redirect("order", key)
    form = AddressesForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        if not limits.consume(request, "seats"):
            return errors.too_many(request, after=limits.longest_wait("seats"))
        try:
            sent = seats.send(batch, addresses=form.cleaned_data["addresses"], now=clock.now())
        except seats.TooFewSeats:
            form.add_error("addresses", _("There are more addresses than seats that are left."))
        else:
            told = _("%(number)d mails are on their way.")
            messages.success(request, told % {"number": sent})
            return redirect("order", key)
    left = batch.codes.filter(redeemed_at=None, revoked_at=None, sent_to="").count()
    context = {"order": batch.order, "form": form, "left": left, "batch": batch}
    return TemplateResponse(request, "payments/seats_send.html", context)


def _own(request: HttpRequest, key: uuid.UUID) -> RedeemBatch:
    """The seats of the buyer's own order; another's are not found."""
    found = RedeemBatch.objects.select_related("order__buyer", "course", "membership")
    return get_object_or_404(found, order__key=key, order__buyer=request.user)
