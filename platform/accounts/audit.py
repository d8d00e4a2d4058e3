"""The log of what staff do: Wagtail's own (Reports → Site history), which nobody can rewrite.

An entry names its object by number and label. The data say what Wagtail's words leave out: which
roles, which reason. What it logs of pages (published, unpublished, moved, deleted) is Wagtail's.
"""

from collections.abc import Iterator
from datetime import date, datetime
from functools import wraps
from typing import Any

from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group
from django.db import models
from django.utils.formats import date_format
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from wagtail.log_actions import LogFormatter, log
from wagtail.models import ModelLogEntry, PageLogEntry
from wagtail.models.audit_log import ModelLogEntryManager

from accounts import roles
from accounts.models import User
from accounts.privacy import hold_more
from operations.fixed_rows import fix, keep


def install(using: str = "default", **kwargs: Any) -> None:
    """Entries never change and never go, in the database just migrated.

    But for two columns: a content type that goes takes its number along, and who deletes their
    account is called by their number from then on.
    """
    if using == "default":
        for model in (PageLogEntry, ModelLogEntry):
            fix(using, model, but=("content_type_id", "label"))
            keep(using, model)


# Entries hold the same words for every reader; so they are read.
WORDS: dict[str, Any] = {
    **roles.LABELS,
    "by hand": _("by hand"),
    "by itself": _("after half an hour, or because it was no longer allowed"),
    "added": _("added"),
    "removed": _("removed"),
    "made anew": _("made anew"),
    "totp": _("Authenticator app"),
    "webauthn": _("passkey"),
    "recovery_codes": _("Recovery codes"),
}


class WithReason(LogFormatter):
    """“What was done: to whom, how much, until when, why”, in the site's history."""

    def format_message(self, log_entry: Any) -> str:
        told = " · ".join(each for each in _told(log_entry) if each)
        if not told:
            return str(self.message)
        return gettext("%(done)s: %(why)s") % {"done": self.message, "why": told}


def _told(log_entry: Any) -> Iterator[str]:
    data = log_entry.data
    if person := getattr(log_entry, "learner", None):  # read by the report, for all at once
        yield f"#{person.pk}" if person.is_deleted else f"{person.get_full_name()} <{person.email}>"
    made = data.get("price") or data.get("number", "")
    yield f"{data['before']} → {made}" if data.get("before") else made
    if early := data.get("early"):
        yield gettext("early price %(price)s") % {"price": early}
    yield data.get("amount", "")
    yield data.get("gives", "")
    if "until" in data:
        last = data["until"] and date.fromisoformat(data["until"][:10])
        yield gettext("until %(day)s") % {"day": date_format(last)} if last else gettext("for good")
    yield ", ".join(str(WORDS.get(each, each)) for each in data.get("what", []))
    yield data.get("reason", "")


def read_own_downloads() -> None:
    """Who may not read what is logged about people reads which tables they downloaded."""
    readable = ModelLogEntryManager.viewable_by_user

    @wraps(readable)
    def and_own(manager: Any, user: Any) -> Any:
        return readable(manager, user) | manager.filter(user=user, action="accounts.export")

    ModelLogEntryManager.viewable_by_user = and_own


def register(actions: Any, name: str, label: Any, message: Any) -> None:
    """An action whose entries tell their reason, or what exactly."""
    words = {"label": label, "message": message}
    actions.register_action(name)(type("Formatter", (WithReason,), words))


def changed_roles(
    sender: Any, instance: Any, action: str, reverse: bool, pk_set: set[Any] | None, **kw: Any
) -> None:
    """Hears of each role given or taken, on whichever way."""
    if action not in ("post_add", "post_remove", "pre_clear"):
        return
    people = _people(instance, reverse, pk_set)
    for person in people:
        groups = [instance] if reverse else _groups(person, pk_set)
        names = sorted(group.name for group in groups)
        done = "accounts.give_role" if action == "post_add" else "accounts.take_role"
        if names:
            log(instance=person, action=done, data={"what": names})


def changed_second_factor(
    signal: Any, user: User, authenticator: Authenticator, **kwargs: Any
) -> None:
    """Hears of what staff do with their own second step."""
    if roles.is_staff(user):
        what = [VERBS[signal], str(authenticator.type)]
        log(instance=user, action="accounts.second_factor", user=user, data={"what": what})


def exported(person: User, *, what: str, file_format: str) -> None:
    log(
        instance=person,
        action="accounts.export",
        user=person,
        data={"what": [what, file_format]},
    )


def listen() -> None:
    from allauth.mfa import signals

    models.signals.m2m_changed.connect(
        changed_roles, sender=User.groups.through, dispatch_uid="accounts.audit.roles"
    )
    for signal, verb in (
        (signals.authenticator_added, "added"),
        (signals.authenticator_removed, "removed"),
        (signals.authenticator_reset, "made anew"),
    ):
        VERBS[signal] = verb
        signal.connect(changed_second_factor, dispatch_uid="accounts.audit.second_factor")


VERBS: dict[Any, str] = {}


def _people(instance: Any, reverse: bool, pk_set: set[Any] | None) -> list[User]:
    if not reverse:
        return [instance]
    members = User.objects.filter(groups=instance)
    return list(members if pk_set is None else User.objects.filter(pk__in=pk_set))


def _groups(person: User, pk_set: set[Any] | None) -> list[Group]:
    found = person.groups.all() if pk_set is None else Group.objects.filter(pk__in=pk_set)
    return list(found)


def _forget_name(person: User, now: datetime) -> int:
    """The log calls who is gone by their number."""
    entries = ModelLogEntry.objects.get_for_model(User).filter(object_id=str(person.pk))
    return int(entries.update(label=f"#{person.pk}"))


hold_more("log entries", erase=_forget_name)
