"""Who signed in and out, and who tried, in the log of the process: by number, never by name."""

import logging
from typing import Any

from allauth.account import signals
from allauth.mfa.signals import authentication_failed
from django.contrib.auth.signals import user_logged_in, user_logged_out, user_login_failed

logger = logging.getLogger("security")


def listen() -> None:
    for signal, heard in (
        (user_logged_in, _signed_in),
        (user_logged_out, _signed_out),
        (user_login_failed, _failed),
        (authentication_failed, _second_step_failed),
        (signals.password_changed, _password_changed),
        (signals.password_set, _password_changed),
        (signals.password_reset, _password_changed),
        (signals.email_changed, _email_changed),
    ):
        signal.connect(heard, dispatch_uid=f"accounts.security_log.{heard.__name__}")


def _signed_in(user: Any, **kwargs: Any) -> None:
    logger.info("signed in", extra={"user": user.pk})


def _signed_out(user: Any, **kwargs: Any) -> None:
    logger.info("signed out", extra={"user": user and user.pk})


def _failed(**kwargs: Any) -> None:
    logger.warning("a password was wrong")


def _second_step_failed(user: Any, **kwargs: Any) -> None:
    logger.warning("a second step was wrong", extra={"user": user.pk})


def _password_changed(user: Any, **kwargs: Any) -> None:
    logger.info("a password was changed", extra={"user": user.pk})


def _email_changed(user: Any, **kwargs: Any) -> None:
    logger.info("an address was changed", extra={"user": user.pk})
