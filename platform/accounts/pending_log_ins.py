"""Log-ins and sign-ups that wait for a code, whose account is gone meanwhile: nobody confirmed it
in time, or it was deleted. allauth's own pages know no such case."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.account.internal.flows.email_verification_by_code import (
    EMAIL_VERIFICATION_CODE_SESSION_KEY,
)
from allauth.account.internal.stagekit import LOGIN_SESSION_KEY, clear_login, unstash_login
from django.contrib import messages
from django.http import HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _

View = Callable[..., HttpResponseBase]


def of_those_still_there(view: View) -> View:
    """Instead of asking for a code that opens nothing, lead back to signing up."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not _is_gone(request):
            return view(request, *args, **kwargs)
        clear_login(request)
        request.session.pop(EMAIL_VERIFICATION_CODE_SESSION_KEY, None)
        messages.info(request, _("This code is no longer valid. Please sign up again."))
        return redirect("account_signup")

    return guarded


def _is_gone(request: HttpRequest) -> bool:
    """An address without an account has had none from the start: it looks as any other."""
    waiting = unstash_login(request, peek=True)
    return (
        waiting is not None
        and waiting.user is None
        and request.session[LOGIN_SESSION_KEY]["user_pk"] is not None
    )
