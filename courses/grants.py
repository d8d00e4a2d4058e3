"""Declaring why a learner may open something.

A source (an order, a subscription, a scholarship …) is always declared whole, from facts: what it
covers, from when, until when, and whether it was withdrawn. Declaring the same state again changes
nothing, and the order of declarations does not matter to whoever computes them from fetched facts.
"""

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from wagtail.log_actions import log

from accounts.models import User
from courses.models import CoursePage, Grant, GrantChange, Membership
from pages import dates

type Sellable = CoursePage | Membership


@transaction.atomic
def sync(
    *,
    learner: User,
    source_kind: str,
    source_id: str,
    covers: Iterable[Sellable],
    starts_at: datetime,
    ends_at: datetime | None = None,
    withdrawn_at: datetime | None = None,
    now: datetime,
    actor: User | None = None,
    reason: str = "",
) -> list[Grant]:
    """Declare the state a source is in; give its grants.

    What the source covered before and covers no longer is withdrawn. A withdrawal that arrives
    before its purchase leaves a row all the same: the tombstone that keeps the purchase shut.
    """
    state = {"starts_at": starts_at, "ends_at": ends_at, "withdrawn_at": withdrawn_at}
    standing = {
        (grant.course_id, grant.membership_id): grant
        for grant in Grant.objects.select_for_update().filter(
            learner=learner, source_kind=source_kind, source_id=source_id
        )
    }
    grants = []
    for sellable in covers:
        target = _target(sellable)
        grant = standing.pop((target["course_id"], target["membership_id"]), None)
        if grant is None:
            grant, created = Grant.objects.get_or_create(
                learner=learner,
                source_kind=source_kind,
                source_id=source_id,
                **target,
                defaults=state,
            )
            if created:
                _record(grant, now=now, actor=actor, reason=reason)
        _declare(grant, state, now=now, actor=actor, reason=reason)
        grants.append(grant)
    for grant in standing.values():
        _declare(
            grant,
            {"withdrawn_at": grant.withdrawn_at or now},
            now=now,
            actor=actor,
            reason=reason,
        )
    return grants


def _target(sellable: Sellable) -> dict[str, int | None]:
    if isinstance(sellable, Membership):
        return {"course_id": None, "membership_id": sellable.pk}
    return {"course_id": sellable.pk, "membership_id": None}


def _declare(
    grant: Grant,
    state: dict[str, datetime | None],
    *,
    now: datetime,
    actor: User | None,
    reason: str,
) -> None:
    if all(getattr(grant, name) == value for name, value in state.items()):
        return
    action = "courses.give_access" if grant.withdrawn_at else "courses.extend_access"
    for name, value in state.items():
        setattr(grant, name, value)
    grant.save(update_fields=list(state))
    _record(grant, now=now, actor=actor, reason=reason, action=action)


def _record(
    grant: Grant,
    *,
    now: datetime,
    actor: User | None,
    reason: str,
    action: str = "courses.give_access",
) -> None:
    GrantChange.objects.create(
        grant=grant,
        at=now,
        actor=actor,
        reason=reason,
        starts_at=grant.starts_at,
        ends_at=grant.ends_at,
        withdrawn_at=grant.withdrawn_at,
    )
    if actor is not None:  # by hand; what follows from money stands in the books
        action = "courses.withdraw_access" if grant.withdrawn_at else action
        told: dict[str, int | str | None] = {"learner": grant.learner_id, "reason": reason}
        if grant.withdrawn_at is None:
            told["until"] = dates.last_day(grant.ends_at).isoformat() if grant.ends_at else None
        log(instance=grant, action=action, user=actor, title=_title(grant), data=told)


def _title(grant: Grant) -> str:
    return str(grant.course or grant.membership)
