"""What pages wait for: drafts to be finished, dates on which they open or close."""

from datetime import datetime
from typing import Any

from django.db.models import CharField, F
from django.db.models.functions import Cast
from django.urls import reverse
from django.utils.translation import gettext as _
from wagtail.models import Page, Revision
from wagtail.permissions import policy_registry
from wagtail.query import PageQuerySet

from operations.dashboard import Panel, Row
from pages.dates import moment as in_words

SHOWN = 8


def pages_for(user: Any, action: str) -> PageQuerySet:
    """The pages with which somebody may do this ("add": below which)."""
    return policy_registry.get_by_type(Page).instances_user_has_permission_for(user, action)


def drafts(user: Any) -> Panel | None:
    """Pages that were changed since they were published, or never were, newest first."""
    unfinished = (
        pages_for(user, "change")
        .filter(has_unpublished_changes=True)
        .order_by(F("latest_revision_created_at").desc(nulls_last=True), "-pk")
    )
    rows = [
        Row(
            page.draft_title,
            reverse("wagtailadmin_pages:edit", args=[page.pk]),
            about=_about(page),
            aside=moment(page.latest_revision_created_at),
        )
        for page in unfinished[:SHOWN]
    ]
    return Panel("drafts", order=230, heading=_("Drafts"), rows=rows) if rows else None


def dates(user: Any, now: datetime) -> Panel | None:
    """What opens and what closes by itself, soonest first."""
    mine = pages_for(user, "change")
    ids = mine.annotate(key=Cast("pk", CharField())).values("key")
    opening = (
        Revision.page_revisions.filter(approved_go_live_at__gt=now, object_id__in=ids)
        .order_by("approved_go_live_at")
        .values_list("object_id", "approved_go_live_at")[:SHOWN]
    )
    closing = (
        mine.filter(live=True, expire_at__gt=now)
        .order_by("expire_at")
        .values_list("pk", "expire_at")[:SHOWN]
    )
    planned = [(at, int(pk), _("opens")) for pk, at in opening]
    planned += [(at, pk, _("closes")) for pk, at in closing]
    pages = Page.objects.in_bulk({pk for _at, pk, _what in planned})
    rows = [
        Row(
            pages[pk].draft_title,
            reverse("wagtailadmin_pages:edit", args=[pk]),
            about=str(pages[pk].page_type_display_name),
            aside=f"{moment(at)} {what}",
        )
        for at, pk, what in sorted(planned)[:SHOWN]
        if pk in pages
    ]
    return Panel("dates", order=220, heading=_("On the calendar"), rows=rows) if rows else None


def _about(page: Page) -> str:
    kind = str(page.page_type_display_name)
    was_out = page.first_published_at and not page.live
    return f"{kind} · {_('withdrawn')}" if was_out else kind


def moment(at: datetime | None) -> str:
    """In the reader's time zone."""
    return in_words(at) if at else ""
