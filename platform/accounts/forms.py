"""Forms about people: allauth's in our words, and our own."""

from functools import lru_cache
from typing import Any
from zoneinfo import available_timezones

from allauth.account import forms as account
from allauth.mfa import app_settings as mfa_settings
from allauth.mfa.adapter import get_adapter as get_mfa_adapter
from allauth.mfa.base import forms as mfa
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp
from allauth.mfa.webauthn import forms as webauthn
from babel import Locale
from babel.core import get_global
from babel.dates import get_timezone_location
from babel.numbers import get_currency_name
from django import forms
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.cache import cache
from django.core.validators import MaxLengthValidator
from django.http import HttpRequest
from django.utils.translation import get_language, to_locale
from django.utils.translation import gettext_lazy as _

from accounts import consents
from accounts.models import User
from operations import clock

# Each place once: Asia/Chongqing is an older name of Asia/Shanghai.
ZONES = sorted(
    zone
    for zone in available_timezones()
    if "/" in zone and "Etc/" not in zone and zone not in get_global("zone_aliases")
)

LONGEST_EMAIL = 254
# AUTH_PASSWORD_VALIDATORS, in one breath.
GOOD_PASSWORD = _(
    "At least 15 characters: a few words with spaces are fine. Nothing that is easily guessed."
)


class Labelled(forms.Form):
    """Labels stand above their fields; a placeholder that repeats them is noise.

    And no address is longer than the column that keeps it.
    """

    words: dict[str, Any] = {}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.widget.attrs.pop("placeholder", None)
            field.label = self.words.get(name, field.label)
            if name == "password1":
                field.help_text = GOOD_PASSWORD
            if isinstance(field, forms.EmailField):
                field.validators = [*field.validators, MaxLengthValidator(LONGEST_EMAIL)]
        if "code" in self.fields:
            self.fields["code"].widget.attrs |= {"inputmode": "numeric", "autofocus": True}


class SignupForm(Labelled, account.SignupForm):
    """Asks for the e-mail address and nothing else. A password can be set later, or never."""

    words = {"email": _("E-mail")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields.pop("password1", None)

    def save(self, request: HttpRequest) -> User:
        user = super().save(request)
        consents.record(user=user, now=clock.now())
        return user


class LoginForm(Labelled, account.LoginForm):
    """E-mail and password; or the other button, for a code by mail."""

    words = {"login": _("E-mail"), "password": _("Password")}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["password"].required = False
        self.fields["password"].help_text = _("Leave it empty, and we mail you a code.")

    def clean_password(self) -> str:
        return "" if "by_code" in self.data else self.cleaned_data["password"]


class RequestLoginCodeForm(Labelled, account.RequestLoginCodeForm):
    words = {"email": _("E-mail")}


class ResetPasswordForm(Labelled, account.ResetPasswordForm):
    words = {"email": _("E-mail")}


class AddEmailForm(Labelled, account.AddEmailForm):
    words = {"email": _("New e-mail address")}


class ConfirmLoginCodeForm(Labelled, account.ConfirmLoginCodeForm):
    words = {"code": _("Code")}


class ConfirmEmailCodeForm(Labelled, account.ConfirmEmailVerificationCodeForm):
    words = {"code": _("Code")}


class ConfirmResetCodeForm(Labelled, account.ConfirmPasswordResetCodeForm):
    words = {"code": _("Code")}


NEW = {"password1": _("New password"), "password2": _("New password, once more")}


class SetPasswordForm(Labelled, account.SetPasswordForm):
    words = NEW


class ChangePasswordForm(Labelled, account.ChangePasswordForm):
    words = {"oldpassword": _("Current password"), **NEW}


class NewPasswordForm(Labelled, account.ResetPasswordKeyForm):
    words = NEW


class OnceOnly:
    """With a tolerance of a step, allauth would take a code again after half a minute."""

    def clean_code(self) -> str:
        code: str = super().clean_code()  # type: ignore[misc]
        used = self.authenticator  # type: ignore[attr-defined]
        if used.type == Authenticator.Type.TOTP:
            steps = 2 * mfa_settings.TOTP_TOLERANCE + 1
            key = f"accounts.totp:{used.pk}:{code.strip()}"
            if not cache.add(key, "used", timeout=steps * mfa_settings.TOTP_PERIOD):
                raise get_mfa_adapter().validation_error("incorrect_code")
        return code


class AuthenticateForm(OnceOnly, Labelled, mfa.AuthenticateForm):
    words = {"code": _("Code")}


class ReauthenticateForm(OnceOnly, Labelled, mfa.ReauthenticateForm):
    words = {"code": _("Code")}


class ActivateTOTPForm(Labelled, totp.ActivateTOTPForm):
    words = {"code": _("Code shown by the app")}


class AddPasskeyForm(Labelled, webauthn.AddWebAuthnForm):
    """Every key is a passkey: it can log in by itself, so it must know its person."""

    words = {"name": _("Name")}
    passwordless = forms.BooleanField(required=False, initial=True, widget=forms.HiddenInput)


class SignupPasskeyForm(Labelled, webauthn.SignupWebAuthnForm):
    words = {"name": _("Name")}


class RenamePasskeyForm(Labelled, webauthn.EditWebAuthnForm):
    words = {"name": _("Name")}


class CodeForm(Labelled):
    code = forms.CharField(
        label=_("Code"), max_length=20, widget=forms.TextInput({"autocomplete": "one-time-code"})
    )


@lru_cache
def zone_choices(language: str) -> tuple[tuple[str, str], ...]:
    """Each zone with its city in that language: 上海 · Asia/Shanghai."""
    locale = Locale.parse(to_locale(language))
    named = (
        (zone, f"{get_timezone_location(zone, locale=locale, return_city=True)} · {zone}")
        for zone in ZONES
    )
    return tuple(sorted(named, key=lambda choice: choice[1]))


def currency_choices(language: str) -> list[tuple[str, str]]:
    """Each currency that is sold in, with its name: 人民币 · CNY."""
    return [(each, f"{currency_name(each, language)} · {each}") for each in settings.CURRENCIES]


def currency_name(currency: str, language: str) -> str:
    return get_currency_name(currency, locale=Locale.parse(to_locale(language)))


class LanguageSelect(forms.Select):
    """Each language is named in itself, and marked so."""

    def create_option(self, name: str, value: Any, *args: Any, **kwargs: Any) -> dict[str, Any]:
        option = super().create_option(name, value, *args, **kwargs)
        option["attrs"]["lang"] = value
        return option


class ProfileForm(forms.ModelForm):
    class Meta:
        model = User
        fields = ["name", "language", "time_zone", "currency"]
        widgets = {
            "name": forms.TextInput({"autocomplete": "nickname"}),
            "language": LanguageSelect(),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        choices = zone_choices(get_language() or settings.LANGUAGE_CODE)
        if self.instance.time_zone not in dict(choices):
            choices = (*choices, (self.instance.time_zone, self.instance.time_zone))
        self.fields["time_zone"] = forms.ChoiceField(label=_("Time zone"), choices=choices)
        if len(settings.CURRENCIES) == 1:
            del self.fields["currency"]
            return
        self.fields["currency"] = forms.ChoiceField(
            label=_("Prices in"), choices=currency_choices(get_language() or settings.LANGUAGE_CODE)
        )
        if self.instance.currency not in settings.CURRENCIES:
            self.initial["currency"] = settings.DEFAULT_CURRENCY


class FirstOperatorForm(forms.Form):
    email = forms.EmailField(label=_("E-mail"), max_length=LONGEST_EMAIL)
    name = forms.CharField(label=_("Name"), max_length=60)
    password = forms.CharField(
        label=_("Password"),
        required=False,
        strip=False,
        widget=forms.PasswordInput({"autocomplete": "new-password"}),
        help_text=GOOD_PASSWORD,
    )
    by_passkey = forms.BooleanField(label=_("Use a passkey instead of a password"), required=False)

    def clean(self) -> dict[str, Any]:
        data = super().clean() or {}
        if not data.get("password") and not data.get("by_passkey"):
            self.add_error("password", _("Enter a password, or choose the passkey."))
        elif not data.get("by_passkey"):
            person = User(email=data.get("email", ""), name=data.get("name", ""))
            try:
                validate_password(data["password"], person)
            except forms.ValidationError as problem:
                self.add_error("password", problem)
        return data


class ReasonForm(forms.Form):
    """Why somebody of the staff does this to somebody's account."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("For your colleagues; it is kept."),
    )
