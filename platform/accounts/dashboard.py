"""People on the dashboard."""

from datetime import timedelta

from django.contrib.auth.models import Group
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts import roles
from accounts.models import DELETED, User
from operations import clock
from operations.dashboard import Button, Panel, Tile

WEEK = timedelta(days=7)


def people() -> Panel:
    """How many have joined, how many have a role, and the way to add one (two queries)."""
    address = reverse("wagtailusers_users:index")
    joined = User.objects.filter(date_joined__gt=clock.now() - WEEK).exclude(
        email__endswith=DELETED
    )
    of_staff = Group.objects.filter(user=OuterRef("pk"), name__in=roles.PERMISSIONS)
    new, staff = joined.count(), User.objects.filter(Exists(of_staff), is_active=True).count()
    return Panel(
        "people",
        order=7,
        heading=_("People"),
        tiles=[
            Tile(ngettext("joined this week", "joined this week", new), new, address, urgent=False),
            Tile(ngettext("with a role", "with a role", staff), staff, address, urgent=False),
        ],
        buttons=[Button(_("Add a person"), reverse("wagtailusers_users:add"), "user")],
    )
