"""The pages of /account/ that are ours; the rest are allauth's."""

from collections.abc import Container
from typing import Any

from allauth.account.internal.flows.login import perform_login, record_authentication
from allauth.account.models import Login
from allauth.account.views import BaseReauthenticateView
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib import messages
from django.contrib.auth import logout
from django.contrib.auth.decorators import login_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme, urlencode
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt, csrf_protect
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from accounts import currencies, first_operator, privacy, reauthentication, roles, second_factor
from accounts.forms import CodeForm, FirstOperatorForm, ProfileForm
from accounts.limits import limited
from accounts.models import User
from operations import clock


def safe_next(request: HttpRequest, default: str) -> str:
    """Where the form asked to go on, if that is on this site."""
    wanted = request.POST.get("next") or request.GET.get("next") or ""
    ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if ours else default


@never_cache
@login_required
def home(request: HttpRequest) -> HttpResponse:
    user = _person(request)
    form = ProfileForm(request.POST or None, instance=User.objects.get(pk=user.pk))
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        with override(saved.language):
            messages.success(request, _("Saved."))
        home = redirect("account_home")
        return _with_cookie(home, settings.LANGUAGE_COOKIE_NAME, saved.language)
    types = list(Authenticator.objects.filter(user=user).values_list("type", flat=True))
    return render(
        request,
        "accounts/home.html",
        {
            "form": form,
            "passkeys": types.count(Authenticator.Type.WEBAUTHN),
            "has_app": Authenticator.Type.TOTP in types,
            "sessions": UserSession.objects.filter(user=user).count(),
            "is_staff": roles.is_staff(user),
        },
    )


@csrf_exempt
@require_POST
def language(request: HttpRequest) -> HttpResponse:
    """The switch: kept in a cookie, and with the person who is signed in, who shows a token for it.
    Visitors' pages have none (pages.shared_pages), and there is nothing of theirs to change."""
    return _choose(request, "language", dict(settings.LANGUAGES), settings.LANGUAGE_COOKIE_NAME)


@csrf_exempt
@require_POST
def currency(request: HttpRequest) -> HttpResponse:
    """The switch of the currency that prices are shown in; kept like the language."""
    return _choose(request, "currency", settings.CURRENCIES, currencies.COOKIE)


def _choose(request: HttpRequest, name: str, allowed: Container[str], cookie: str) -> HttpResponse:
    if request.user.is_authenticated:
        return _choose_as_person(request, name, allowed, cookie)
    return _switch(request, name, allowed, cookie)


@csrf_protect
def _choose_as_person(
    request: HttpRequest, name: str, allowed: Container[str], cookie: str
) -> HttpResponse:
    if (chosen := request.POST.get(name, "")) in allowed:
        User.objects.filter(pk=_person(request).pk).update(**{name: chosen})
    return _switch(request, name, allowed, cookie)


def _switch(request: HttpRequest, name: str, allowed: Container[str], cookie: str) -> HttpResponse:
    back = HttpResponseRedirect(safe_next(request, "/"))
    chosen = request.POST.get(name, "")
    return _with_cookie(back, cookie, chosen) if chosen in allowed else back


@never_cache
@login_required
def second_factor_wanted(request: HttpRequest) -> HttpResponse:
    """Tells staff why the door is shut, and offers both keys."""
    if not roles.is_staff(request.user):
        raise Http404
    if second_factor.is_verified(request):
        return redirect(request.session.pop(second_factor.NEXT_KEY, reverse("wagtailadmin_home")))
    return render(request, "accounts/second_factor.html")


def admin_door(request: HttpRequest) -> HttpResponse:
    """Wagtail's and Django's own log-in pages: there is one log-in, ours."""
    wanted = safe_next(request, reverse("wagtailadmin_home"))
    if request.user.is_authenticated:
        return HttpResponseRedirect(wanted)
    return HttpResponseRedirect(f"{reverse('account_login')}?{urlencode({'next': wanted})}")


class ReauthenticateByCodeView(BaseReauthenticateView):
    form_class = CodeForm
    template_name = "account/reauthenticate_code.html"

    def post(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        try:
            if request.POST.get("action") == "send":
                reauthentication.send_code(request, _person(request))
                return HttpResponseRedirect(self.passthrough_next_url(request.path))
            return super().post(request, *args, **kwargs)
        except reauthentication.TooManyTries:
            messages.error(request, _("Too many tries. Ask for a new code in a few minutes."))
            return HttpResponseRedirect(self.passthrough_next_url(request.path))

    def form_valid(self, form: CodeForm) -> HttpResponse:
        user = _person(self.request)
        if reauthentication.check_code(self.request, user, form.cleaned_data["code"]):
            return super().form_valid(form)
        form.add_error("code", _("This code is wrong. Look at the latest mail and try again."))
        return self.form_invalid(form)

    def get_context_data(self, **kwargs: Any) -> dict[str, Any]:
        sent = reauthentication.pending(self.request) is not None
        return super().get_context_data(**kwargs) | {"sent": sent}


@never_cache
@login_required
def my_data(request: HttpRequest) -> HttpResponse:
    user = _person(request)
    return render(
        request,
        "accounts/privacy.html",
        {
            "consents": user.consents.order_by("kind", "at"),
            "stays": privacy.what_stays(user),
            "obstacles": privacy.obstacles(user),
        },
    )


@require_POST
@login_required
@reauthentication.required
@limited("export")
def export(request: HttpRequest) -> HttpResponse:
    user = _person(request)
    answer = HttpResponse(privacy.export(user), content_type="application/zip")
    name = f"rizhi-{clock.now():%Y-%m-%d}.zip"
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    answer["Cache-Control"] = "private, no-store"
    return answer


@never_cache
@login_required
@reauthentication.required
def delete(request: HttpRequest) -> HttpResponse:
    user = _person(request)
    if request.method == "POST" and request.POST.get("sure") == "yes":
        try:
            privacy.erase(user=user, now=clock.now())
        except privacy.MustStay as reason:
            messages.error(request, str(reason))
            return redirect("my_data")
        logout(request)
        return redirect("account_deleted")
    return render(
        request,
        "accounts/delete.html",
        {
            "stays": privacy.what_stays(user),
            "obstacles": privacy.obstacles(user),
            "unsure": request.method == "POST",
        },
    )


def deleted(request: HttpRequest) -> HttpResponse:
    return render(request, "accounts/deleted.html")


@never_cache
@sensitive_post_parameters("password")
@limited("first_operator")
def become_first_operator(request: HttpRequest, token: str) -> HttpResponse:
    try:
        first_operator.check(token)
        form = FirstOperatorForm(request.POST or None)
        if request.method == "POST" and form.is_valid():
            return _first_operator_enters(request, token, form)
    except first_operator.NotNeeded:
        return render(request, "accounts/first_operator_over.html", status=404)
    return render(request, "accounts/first_operator.html", {"form": form})


def _first_operator_enters(
    request: HttpRequest, token: str, form: FirstOperatorForm
) -> HttpResponse:
    data = form.cleaned_data
    password = "" if data["by_passkey"] else data["password"]
    try:
        user = first_operator.create(
            token=token, email=data["email"], name=data["name"], password=password
        )
    except first_operator.EmailTaken:
        form.add_error("email", _("This e-mail has an account."))
        return render(request, "accounts/first_operator.html", {"form": form})
    logout(request)
    request.session[second_factor.NEXT_KEY] = reverse("wagtailadmin_home")
    record_authentication(request, user, method="password" if password else "code")
    step = "mfa_activate_totp" if password else "mfa_add_webauthn"
    return perform_login(request, Login(user=user, email=user.email, redirect_url=reverse(step)))


def _person(request: HttpRequest) -> User:
    if not request.user.is_authenticated:
        raise PermissionDenied
    return request.user


def _with_cookie(response: HttpResponse, name: str, chosen: str) -> HttpResponse:
    response.set_cookie(
        name,
        chosen,
        max_age=365 * 24 * 3600,
        secure=settings.SESSION_COOKIE_SECURE,
        httponly=True,
        samesite="Lax",
    )
    return response
