"""What the dashboard's panels are made of. Each floor shows its own facts (its `dashboard.py`)."""

from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from wagtail.admin.ui.components import Component

from operations import health, sentences
from operations.models import ParkedJob


@dataclass(frozen=True)
class Button:
    """What is done most. `note` says to what."""

    label: Any
    url: str
    icon: str
    note: str = ""
    first: bool = False


@dataclass(frozen=True)
class Tile:
    """A number one may have to act on, and where."""

    label: Any
    number: int
    url: str
    urgent: bool = True

    @property
    def waits(self) -> bool:
        return self.urgent and self.number > 0


@dataclass(frozen=True)
class Row:
    """A thing with a line about it; `aside` stands at the end."""

    title: str
    url: str
    about: str = ""
    aside: str = ""


class Panel(Component):
    """A heading over buttons, numbers and rows, whichever there are.

    `more` leads to the rows that are left out.
    """

    template_name = "operations/dashboard/panel.html"

    def __init__(
        self,
        name: str,
        *,
        order: int,
        heading: Any = "",
        buttons: list[Button] | None = None,
        tiles: list[Tile] | None = None,
        rows: list[Row] | None = None,
        more: str = "",
        note: str = "",
    ) -> None:
        self.name, self.order = name, order
        self.shown = {
            "name": name,
            "heading": heading,
            "buttons": buttons or [],
            "tiles": tiles or [],
            "rows": rows or [],
            "more": more,
            "note": note,
        }

    def get_context_data(self, parent_context: Any = None) -> dict[str, Any]:
        return self.shown


def running() -> Panel:
    """Whether the site runs as it should, for who has to keep it running."""
    words = {
        "database": _("The database does not answer."),
        "migrations": _("The database is not of this version."),
        "worker": _("No worker is running: no mail is sent, nothing is processed."),
        "jobs": _("Jobs have waited for more than %(minutes)d minutes.")
        % {"minutes": settings.BACKLOG_SECONDS // 60},
        "cache": _("The cache does not answer."),
        "files": _("The data folder cannot be written to."),
    }
    wrong = [words[name] for name in health.failing()]
    parked = ParkedJob.objects.count()
    label = ngettext("job set aside", "jobs set aside", parked)
    return Panel(
        "running",
        order=6,
        heading=_("How it runs"),
        note=sentences.joined(wrong) or _("The site is ready."),
        tiles=[Tile(label, parked, reverse("parked-jobs:index"))],
    )
