"""Buying a gift; for the giver: how it stands, sending it again, taking it back."""

import uuid
from datetime import date
from typing import Any

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods

from accounts import limits, reauthentication
from accounts.models import User
from operations import clock, errors
from pages.forms import DayField
from payments import attribution, beginning, checkout, for_others, gifts, money, refund_requests
from payments.models import Gift, Offer
from payments.views import buying


class GiftForm(forms.Form):
    giver_name = forms.CharField(
        label=_("From whom"),
        max_length=60,
        required=False,
        help_text=_("As your friend reads it. Empty: the gift does not say from whom it is."),
    )
    to_email = forms.EmailField(
        label=_("E-mail of your friend"),
        required=False,
        help_text=_("Empty: you get a link and hand it over yourself."),
    )
    send_on = DayField(
        label=_("Day to send it"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("In the morning of that day. Empty: as soon as it is paid."),
    )
    message = forms.CharField(
        label=_("Message"),
        max_length=Gift.MESSAGE_AT_MOST,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("At most 200 characters."),
    )

    def clean_send_on(self) -> date | None:
        day: date | None = self.cleaned_data["send_on"]
        today = timezone.localdate(clock.now())
        if day is not None and not today <= day <= today + gifts.AHEAD:
            raise forms.ValidationError(_("Choose a day from today on, within a year."))
        return day

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("send_on") and not cleaned.get("to_email") and "to_email" not in self.errors:
            self.add_error("to_email", _("To be sent on a day, it needs an address."))
        return cleaned


@require_http_methods(["GET", "HEAD", "POST"])
def give(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """What is given, to whom, with which words; then Stripe's page. POST `price`, `wish` besides.

    GET `order`: one's own order that was not paid, to go on with.
    """
    offer = buying.offer_of(key)
    if offer.is_recurring or offer.bundle_id:
        raise Http404
    if request.method != "POST":
        return _form_page(request, offer, **_begun(request, offer))
    if not isinstance(request.user, User):
        return redirect_to_login(request.path)
    if not limits.consume(request, "checkout"):
        return errors.too_many(request, after=limits.longest_wait("checkout"))
    form = GiftForm(request.POST)
    price = buying.price_of(request.POST.get("price", ""))
    if price.offer_id != offer.pk:
        raise Http404
    wish_key = _key(request.POST.get("wish", ""))
    if form.is_valid():
        _refuse_own_address(form, request.user)
    if not form.is_valid():
        return _form_page(request, offer, form=form, wish=wish_key)
    wish = for_others.Wish(key=wish_key, gift=for_others.GiftWords(**form.cleaned_data))
    try:
        started = checkout.start(
            buyer=request.user,
            price=price,
            attribution=attribution.from_form(request),
            wish=wish,
            now=clock.now(),
        )
    except checkout.AlreadyPaid as paid:
        return redirect(f"{reverse('payments_return')}?order={paid.order.key.hex}")
    except checkout.CannotStart as problem:
        return _form_page(request, offer, form=form, wish=wish_key, problem=problem)
    return HttpResponseRedirect(started.url, status=303)


def _refuse_own_address(form: forms.Form, user: User) -> None:
    """The code would lie in one's own letter box: who wants it for themselves buys it so."""
    if form.cleaned_data.get("to_email", "").casefold() == user.email.casefold():
        form.add_error(
            "to_email",
            _("This is your own address. For yourself, buy it on its page; there is no code then."),
        )


def _begun(request: HttpRequest, offer: Offer) -> dict[str, Any]:
    """The form as it was sent before, or a new one."""
    user = request.user if isinstance(request.user, User) else None
    found = None
    if user and "order" in request.GET:
        found = Gift.objects.filter(
            order__key=_key(request.GET["order"]),
            order__buyer=user,
            order__price__offer=offer,
            order__paid_at=None,
        ).first()
    if found:
        names = GiftForm.base_fields
        form = GiftForm(initial={name: getattr(found, name) for name in names})
        return {"form": form, "wish": found.order.key}
    return {"form": GiftForm(initial={"giver_name": user.name if user else ""})}


def _form_page(
    request: HttpRequest,
    offer: Offer,
    *,
    form: GiftForm,
    wish: uuid.UUID | None = None,
    problem: checkout.CannotStart | None = None,
) -> HttpResponse:
    now = clock.now()
    price = buying.price_for_others(request, offer, now=now)
    context = {
        "offer": offer,
        "form": form,
        "price": price,
        "shown": money.in_words(price.amount, price.currency) if price else "",
        "wish": wish or uuid.uuid4(),
        "problem": problem.message if problem else "",
        "months": offer.term_months,
        "attribution": attribution.from_form(request)
        if request.POST
        else attribution.from_query(request),
        "in_wechat": attribution.is_in_wechat(request),
        "sellable_url": beginning.address(offer.sellable),
        "sign_in_url": f"{reverse('account_login')}?next={request.path}",
    }
    status = 503 if isinstance(problem, checkout.StripeUnavailable) else 200
    response = TemplateResponse(request, "payments/give.html", context, status=status)
    response["Cache-Control"] = "private, no-store"
    return response


# --- the giver's own -----------------------------------------------------------------------------


class SendForm(forms.Form):
    to_email = forms.EmailField(
        label=_("E-mail of your friend"),
        required=False,
        help_text=_("Empty: you get a new link and hand it over yourself."),
    )


@login_required
@reauthentication.required
@require_http_methods(["GET", "HEAD", "POST"])
def send_again(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """A new code for the friend; the former opens nothing any more."""
    gift = _own_open(request, key)
    if gift is None:
        return _is_over(request, key)
    form = SendForm(request.POST if request.method == "POST" else {"to_email": gift.to_email})
    if request.method == "POST" and form.is_valid():
        _refuse_own_address(form, gift.order.buyer)
    if request.method == "POST" and form.is_valid():
        if not limits.consume(request, "gift"):
            return errors.too_many(request, after=limits.longest_wait("gift"))
        try:
            gifts.send_again(gift, to_email=form.cleaned_data["to_email"], now=clock.now())
        except gifts.NotOpen:
            return _is_over(request, key)
        messages.success(request, _("There is a new code; the former opens nothing any more."))
        return redirect("order", key)
    context = {"order": gift.order, "offer": gift.order.price.offer, "form": form}
    return TemplateResponse(request, "payments/gift_send.html", context)


@login_required
@reauthentication.required
@require_http_methods(["GET", "HEAD", "POST"])
def take_back(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    """The gift becomes void, and its money goes back."""
    gift = _own_open(request, key)
    if gift is None:
        return _is_over(request, key)
    if request.method == "POST":
        assert isinstance(request.user, User)  # noqa: S101 — signed in
        reason = str(_("Taken back by the giver"))
        try:
            gifts.take_back(gift, actor=request.user, reason=reason, now=clock.now())
        except (gifts.NotOpen, refund_requests.CannotRefund):
            return _is_over(request, key)
        messages.success(request, _("The gift is taken back. The money is on its way to you."))
        return redirect("order", key)
    context = {"order": gift.order, "offer": gift.order.price.offer, "gift": gift}
    return TemplateResponse(request, "payments/gift_take_back.html", context)


def _own_open(request: HttpRequest, key: uuid.UUID) -> Gift | None:
    """The giver's own gift, if something can still be done about it; another's is not found."""
    found = Gift.objects.select_related(
        "order__buyer", "order__price__offer__course", "order__price__offer__membership"
    )
    gift = get_object_or_404(found, order__key=key, order__buyer=request.user)
    return gift if gift.may_be_claimed(clock.now()) else None


def _is_over(request: HttpRequest, key: uuid.UUID) -> HttpResponse:
    messages.info(request, _("The gift has been claimed, taken back, or its time is over."))
    return redirect("order", key)


def _key(text: str) -> uuid.UUID:
    """Nonsense is some other form's."""
    try:
        return uuid.UUID(text)
    except ValueError:
        return uuid.uuid4()
