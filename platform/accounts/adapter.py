"""allauth in this house: mails go to the outbox, words are ours, secrets are sealed."""

from base64 import urlsafe_b64encode
from hashlib import sha256
from typing import Any
from uuid import uuid4

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import record_authentication
from allauth.account.internal.flows.reauthentication import get_reauthentication_flows
from allauth.account.internal.userkit import did_user_login
from allauth.account.models import EmailAddress
from allauth.core.exceptions import ReauthenticationRequired
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from cryptography.fernet import Fernet, MultiFernet
from django.conf import settings
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import get_language, gettext
from django.utils.translation import gettext_lazy as _

from accounts import mail, reauthentication
from accounts.models import User
from operations import clock


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "account_inactive": _("This account is closed."),
        "cannot_remove_primary_email": _("An account needs an e-mail address."),
        "duplicate_email": _("This is your address already."),
        "email_password_mismatch": _("E-mail or password is wrong. You can also use a code."),
        "email_taken": _("This e-mail has an account."),
        "enter_current_password": _("This is not your current password."),
        "incorrect_code": _("This code is wrong. Look at the latest mail and try again."),
        "incorrect_password": _("This password is wrong."),
        "invalid_login": _("Enter your e-mail address."),
        "too_many_login_attempts": _("Too many tries. Wait a few minutes, then try again."),
        "unverified_primary_email": _("Confirm your e-mail address first."),
        "same_as_current": _("This is your address already."),
        "rate_limited": _("That was quick. Wait a little, then try again."),
    }

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Each of allauth's mails is a message of its own; the texts are in templates/emails/."""
        owner = EmailAddress.objects.filter(email__iexact=email).select_related("user").first()
        user = owner.user if owner else User.objects.filter(email__iexact=email).first()
        template = template_prefix.rpartition("/")[2]
        mail.queue(
            key=f"{template}:{uuid4()}",
            to=email,
            template=template,
            context={name: value for name, value in context.items() if name != "request"},
            language=user.language if user else get_language() or settings.LANGUAGE_CODE,
            now=clock.now(),
            user=user,
        )

    def new_user(self, request: HttpRequest) -> User:
        return User(language=get_language() or settings.LANGUAGE_CODE, time_zone=settings.TIME_ZONE)

    def confirm_email(self, request: HttpRequest, email_address: EmailAddress) -> bool:
        """The code of a sign-up is a log-in: what asks for a recent one need not ask again."""
        signing_up = not did_user_login(email_address.user)
        confirmed = super().confirm_email(request, email_address)
        if confirmed and signing_up:
            record_authentication(
                request, email_address.user, method="code", email=email_address.email
            )
        return confirmed

    def is_reauthentication_required(self, *, app: str, **kwargs: Any) -> bool:
        if reauthentication.is_recent(self.request):
            return False
        if not get_reauthentication_flows(self.request.user):
            # allauth would let those pass who have nothing but their mailbox.
            raise ReauthenticationRequired
        return True

    def get_reauthentication_methods(self, user: Any) -> list[dict[str, Any]]:
        """Whoever has neither password nor second factor gets a code by mail."""
        methods = super().get_reauthentication_methods(user)
        names = {
            "reauthenticate": _("Use your password"),
            "mfa_reauthenticate": _("Use the authenticator app or a recovery code"),
            "mfa_reauthenticate:webauthn": _("Use a passkey"),
        }
        methods = [method | {"description": names[method["id"]]} for method in methods]
        if not methods and user.is_authenticated:
            methods.append(
                {
                    "id": "reauthenticate_code",
                    "description": _("Use a code by mail"),
                    "url": reverse("reauthenticate_by_code"),
                }
            )
        return methods


class SecondFactorAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_delete_authenticator": _("The second step cannot be switched off."),
        "cannot_generate_recovery_codes": _("Set up a second step first."),
        "incorrect_code": _("This code is wrong or used up. Enter the one shown now."),
        "unverified_email": _("Confirm your e-mail address first."),
    }

    def encrypt(self, text: str) -> str:
        return _box().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _box().decrypt(encrypted_text.encode()).decode()

    def generate_authenticator_name(self, user: Any, type: Authenticator.Type) -> str:
        number = Authenticator.objects.filter(user=user, type=type).count() + 1
        return gettext("Passkey %(number)s") % {"number": number}

    def _get_site_name(self) -> str:
        # The publisher's name is a setting of a higher floor, which a template may ask for.
        return render_to_string("accounts/site_name.txt").strip()


def _box() -> MultiFernet:
    """Seals with SECRET_KEY; opens with SECRET_KEY_FALLBACKS too, while keys are changed."""
    keys = [str(key) for key in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]
    return MultiFernet(
        [Fernet(urlsafe_b64encode(sha256(f"accounts.mfa:{key}".encode()).digest())) for key in keys]
    )
