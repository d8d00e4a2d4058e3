"""A person's own data: everything out in one file, and everything away but what must stay.

Each app says once what it holds about people: `hold()` for every key to User (a test walks them
all), `hold_more()` for tables that name a learner without a database key.
"""

import io
import json
import logging
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from django.apps import apps
from django.conf import settings
from django.core.serializers.json import DjangoJSONEncoder
from django.db import models, transaction

from accounts.models import DELETED, Deletion, User
from operations import sentences

Erase = Literal["delete", "detach", "keep"]
Rows = list[dict[str, Any]]
logger = logging.getLogger("accounts")


@dataclass(frozen=True)
class Holding:
    """One key to a person. `stays` tells the person, in words, why a kept one is kept."""

    model: str  # "app.Model", or "*" for every model that has such a field
    field: str
    erase: Erase
    export: tuple[str, ...]
    stays: Any


@dataclass(frozen=True)
class MoreHolding:
    name: str
    export: Callable[[User], Rows] | None
    erase: Callable[[User, datetime], int] | None


@dataclass
class Replayed:
    deleted: int
    must_stay: list[str]  # why, for each who is not deleted yet


class MustStay(Exception):
    """The account cannot be deleted yet; the reason is for the person to read."""


_holdings: dict[tuple[str, str], Holding] = {}
_more: list[MoreHolding] = []
_obstacles: list[Callable[[User], str | None]] = []


def hold(
    model: str, field: str, *, erase: Erase, export: Iterable[str] = (), stays: Any = ""
) -> None:
    _holdings[model, field] = Holding(model, field, erase, tuple(export), stays)


def hold_more(
    name: str,
    *,
    export: Callable[[User], Rows] | None = None,
    erase: Callable[[User, datetime], int] | None = None,
) -> None:
    _more.append(MoreHolding(name, export, erase))


def refuse_when(obstacle: Callable[[User], str | None]) -> None:
    """`obstacle` gives the reason why this account cannot be deleted now, or None."""
    _obstacles.append(obstacle)


def keys_to_people() -> list[tuple[type[models.Model], str]]:
    """Every foreign key to User of every table that is there, the highest floor's first."""
    return [
        (model, field.name)
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.get_fields()
        if isinstance(field, models.ForeignKey)
        and field.remote_field.model is User
        and field.model is model
    ]


def holding_of(model: type[models.Model], field: str) -> Holding | None:
    return _holdings.get((model._meta.label, field)) or _holdings.get(("*", field))


def export(user: User) -> bytes:
    """A ZIP with a JSON file per table."""
    files: dict[str, Any] = {
        "me": {
            name: getattr(user, name)
            for name in (
                "email",
                "phone",
                "name",
                "language",
                "time_zone",
                "currency",
                "date_joined",
            )
        }
    }
    for model, field in keys_to_people():
        holding = holding_of(model, field)
        if holding and holding.export:
            rows = model._base_manager.filter(**{field: user}).order_by("pk")
            files[model._meta.label_lower] = list(rows.values(*holding.export))
    for more in _more:
        if more.export:
            files[more.name] = more.export(user)
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            text = json.dumps(content, cls=DjangoJSONEncoder, ensure_ascii=False, indent=1)
            archive.writestr(f"{name}.json", text)
    return out.getvalue()


def what_stays(user: User) -> list[str]:
    """The sentences that hold for this person."""
    found = []
    for model, field in keys_to_people():
        holding = holding_of(model, field)
        if holding and holding.erase == "keep" and holding.stays:
            sentence = str(holding.stays)
            rows = model._base_manager.filter(**{field: user})
            if sentence not in found and rows.exists():
                found.append(sentence)
    return found


def obstacles(user: User) -> list[str]:
    return [reason for obstacle in _obstacles if (reason := obstacle(user))]


@transaction.atomic
def erase(*, user: User, now: datetime) -> Deletion:
    """Anonymises the person and ends every session. Raises MustStay. Twice does nothing more."""
    user = User.objects.select_for_update().get(pk=user.pk)
    if reasons := obstacles(user):
        raise MustStay(sentences.joined(reasons))
    rows = {}
    _end_sessions(user)
    for more in _more:
        if more.erase:
            rows[more.name] = more.erase(user, now)
    for model, field in keys_to_people():
        rows[f"{model._meta.label_lower}.{field}"] = _clear(model, field, user)
    _anonymise(user)
    deletion, _ = Deletion.objects.get_or_create(
        user=user, defaults={"at": now, "rows": {name: n for name, n in rows.items() if n}}
    )
    _write_down(user, deletion.at)
    return deletion


def _clear(model: type[models.Model], field: str, user: User) -> int:
    holding = holding_of(model, field)
    rows = model._base_manager.filter(**{field: user})
    if holding is None or holding.erase == "keep":
        return 0
    if holding.erase == "detach":
        return rows.update(**{field: None})
    return rows.delete()[0]


def _anonymise(user: User) -> None:
    user.email = f"deleted-{user.pk}{DELETED}"
    user.name, user.phone = "", None
    user.language, user.time_zone = settings.LANGUAGE_CODE, settings.TIME_ZONE
    user.currency = ""
    user.is_active = user.is_staff = user.is_superuser = False
    user.set_unusable_password()  # whatever session is left somewhere ends with it
    user.save()


def _end_sessions(user: User) -> None:
    from allauth.usersessions.models import UserSession

    for session in UserSession.objects.filter(user=user):
        session.end()


def _write_down(user: User, at: datetime) -> None:
    """Beside the database too: a backup that is restored knows nothing of later deletions."""
    line = {"user": user.pk, "joined": user.date_joined.isoformat(), "at": at.isoformat()}
    with (settings.DATA / "deletions.jsonl").open("a") as ledger:
        ledger.write(json.dumps(line) + "\n")


def replay(*, now: datetime) -> Replayed:
    """Deletes again, after a restore, whoever the ledger beside the database names."""
    ledger = settings.DATA / "deletions.jsonl"
    replayed = Replayed(0, [])
    for line in ledger.read_text().splitlines() if ledger.exists() else []:
        user = _named_by(line)
        if user is None:
            continue
        try:
            erase(user=user, now=now)
            replayed.deleted += 1
        except MustStay as reason:
            replayed.must_stay.append(str(reason))
    return replayed


def _named_by(line: str) -> User | None:
    """Whom a line of the ledger names, if they are here: a number may be somebody else's now."""
    try:
        entry = json.loads(line)
        joined = datetime.fromisoformat(entry["joined"])
        return User.objects.filter(pk=entry["user"], date_joined=joined, deletion=None).first()
    except (ValueError, KeyError, TypeError):
        logger.error("a line of the list of deleted accounts cannot be read")
        return None
