"""What pages wait for: drafts to be finished, dates on which they open or close."""

from datetime import datetime
from typing import Any

from django.db.models import CharField, Exists, F, OuterRef, Q
from django.db.models.functions import Cast, Length, Substr
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from wagtail.models import Page, Revision
from wagtail.permissions import policy_registry
from wagtail.query import PageQuerySet

from operations.dashboard import Panel, Row
from pages.dates import moment as in_words

SHOWN = 8


def pages_for(user: Any, action: str) -> PageQuerySet:
    """The pages with which somebody may do this ("add": below which)."""
    return policy_registry.get_by_type(Page).instances_user_has_permission_for(user, action)


# Published once, and taken back.
WITHDRAWN = Q(live=False, first_published_at__isnull=False)


def drafts(user: Any) -> Panel | None:
    """Pages that were changed since they were published, or never were, newest first."""
    unfinished = pages_for(user, "change").filter(has_unpublished_changes=True).exclude(WITHDRAWN)
    rows = _newest(unfinished)
    return Panel("drafts", order=230, heading=_("Drafts"), rows=rows) if rows else None


def withdrawn(user: Any) -> Panel | None:
    """What was taken back, but for what stands below a page that was."""
    above = Page.objects.filter(WITHDRAWN, path=OuterRef("above"))
    found = (
        pages_for(user, "change")
        .filter(WITHDRAWN)
        .annotate(above=Substr("path", 1, Length("path") - Page.steplen))
        .exclude(Exists(above))
    )
    rows = _newest(found)
    heading = pgettext("pages", "Withdrawn")
    return Panel("withdrawn", order=235, heading=heading, rows=rows) if rows else None


def _newest(pages: PageQuerySet) -> list[Row]:
    newest = F("latest_revision_created_at").desc(nulls_last=True)
    return [
        Row(
            page.draft_title,
            reverse("wagtailadmin_pages:edit", args=[page.pk]),
            about=str(page.page_type_display_name),
            aside=moment(page.latest_revision_created_at),
        )
        for page in pages.order_by(newest, "-pk")[:SHOWN]
    ]


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


def moment(at: datetime | None) -> str:
    """In the reader's time zone."""
    return in_words(at) if at else ""
