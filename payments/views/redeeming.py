"""Redeeming a code: typed, or brought by a link; by whoever is signed in, never by looking."""

from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from django import forms
from django.contrib.auth.views import redirect_to_login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_http_methods, require_safe

from accounts import limits
from accounts.models import User
from courses.models import CoursePage, Membership
from operations import clock, errors
from pages import dates
from payments import beginning, codes, gift_cards, queries, redeeming
from payments.models import Gift
from payments.redeeming import CannotRedeem, Voucher

LIMIT = "redeem"  # how often somebody may name a code that is not there


class CodeForm(forms.Form):
    code = forms.CharField(
        label=_("Redeem code"),
        max_length=codes.TYPED_AT_MOST,
        help_text=_("Twelve letters and digits; with dashes or without."),
        widget=forms.TextInput(
            attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}
        ),
    )

    def clean_code(self) -> str:
        try:
            return codes.read(self.cleaned_data["code"])
        except codes.Mistyped:
            raise forms.ValidationError(CannotRedeem.message) from None


@require_http_methods(["GET", "HEAD", "POST"])
def redeem(request: HttpRequest) -> HttpResponse:
    """Where a code is typed. POST `code`."""
    form = CodeForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        return redirect("redeem_code", codes.shown(form.cleaned_data["code"]))
    return _sealed(TemplateResponse(request, "payments/redeem.html", {"form": form}))


@require_http_methods(["GET", "HEAD", "POST"])
def redeem_code(request: HttpRequest, code: str) -> HttpResponse:
    """What a code opens; POST opens it for whoever is signed in, or `instead`, the number of
    another course, where they have it."""
    if limits.is_used_up(request, LIMIT):
        return errors.too_many(request, after=limits.longest_wait(LIMIT))
    form = CodeForm({"code": code})
    voucher = _find(request, form)
    if voucher is None:
        page = TemplateResponse(request, "payments/redeem.html", {"form": form}, status=404)
        return _sealed(page)
    read = form.cleaned_data["code"]
    return _redeem(request, read) if request.method == "POST" else _page(request, read, voucher)


@require_safe
def card(request: HttpRequest, code: str) -> HttpResponse:
    """The card of a gift, as a picture: for who has its code."""
    if limits.is_used_up(request, LIMIT):
        return errors.too_many(request, after=limits.longest_wait(LIMIT))
    form = CodeForm({"code": code})
    voucher = _find(request, form)
    if not isinstance(voucher, Gift) or voucher.is_void:
        raise Http404
    png = gift_cards.png(voucher, code=form.cleaned_data["code"])
    return _sealed(HttpResponse(png, content_type="image/png"))


def _find(request: HttpRequest, form: CodeForm) -> Voucher | None:
    """What the form's code belongs to; else the form says that there is none."""
    if not form.is_valid():
        return None
    try:
        return redeeming.find(form.cleaned_data["code"])
    except redeeming.Unknown as problem:
        limits.consume(request, LIMIT)
        form.add_error("code", str(problem.message))
        return None


def _redeem(request: HttpRequest, code: str) -> HttpResponse:
    here = reverse("redeem_code", args=[codes.shown(code)])
    if not isinstance(request.user, User):
        return redirect_to_login(here)
    chosen = request.POST.get("instead", "")
    instead = int(chosen) if chosen.isascii() and chosen.isdigit() and len(chosen) < 10 else None
    with suppress(CannotRedeem):  # the page says why
        redeeming.redeem(code=code, learner=request.user, instead=instead, now=clock.now())
    return redirect(here)


def _page(request: HttpRequest, code: str, voucher: Voucher) -> HttpResponse:
    now = clock.now()
    user = request.user if isinstance(request.user, User) else None
    sellable = voucher.sellable
    shown = codes.shown(code)
    here = urlencode({"next": reverse("redeem_code", args=[shown])})
    ends = voucher.claimable_until
    context: dict[str, Any] = {
        "code": shown,
        "gift": voucher if isinstance(voucher, Gift) else None,
        "sellable": sellable,
        "course": sellable if isinstance(sellable, CoursePage) else None,
        "last_day": dates.day(ends - timedelta(seconds=1), now=now) if ends else "",
        "term": redeeming.term(voucher, now=now),
        "is_seat": not isinstance(voucher, Gift) and voucher.batch.order_id is not None,
        "sellable_url": beginning.address(sellable),
        "sign_up_url": f"{reverse('account_signup')}?{here}",
        "sign_in_url": f"{reverse('account_login')}?{here}",
    }
    try:
        redeeming.check(voucher, user, now=now)
    except redeeming.UsedByYou:
        context["is_yours"] = True
        if user:
            context["begin"] = (
                beginning.to(sellable)
                if beginning.is_planned(sellable, now=now)
                else beginning.of(sellable, user, now=now)
            )
    except redeeming.AlreadyOwned as problem:
        context["owned"] = _afterwards(voucher, user, now) or problem.message
        if isinstance(voucher, Gift) and user:
            context["alternatives"] = redeeming.alternatives(voucher, user, now=now)
    except CannotRedeem as problem:
        context["problem"] = problem.message
    return _sealed(TemplateResponse(request, "payments/redeem_code.html", context))


def _afterwards(voucher: Voucher, user: User | None, now: datetime) -> str:
    """That it can be redeemed once what runs is over, where the code is good so long."""
    if user is None or not isinstance(voucher.sellable, Membership):
        return ""
    until, last = queries.held_until(user, voucher.sellable, now=now), voucher.claimable_until
    if until is None or last is None or last <= until:
        return ""
    return gettext(
        "You have this until %(until)s. The code can be redeemed after that, until %(last)s; or "
        "you pass it on."
    ) % {
        "until": dates.day(until - timedelta(seconds=1), now=now),
        "last": dates.day(last - timedelta(seconds=1), now=now),
    }


def _sealed(response: HttpResponse) -> HttpResponse:
    """What is behind a code is for whoever has it: kept nowhere on the way, found by no search."""
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex"
    return response
