"""Plans as a calendar file (RFC 5545), for programs that ask for it again and again."""

from datetime import datetime, time, timedelta
from urllib.parse import urljoin

import icalendar
from django.conf import settings
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from learning import plans, track_progress
from learning.plans import PlannedDay
from learning.track_progress import TrackProgress

REFRESH = timedelta(hours=6)


def of(learner: User, *, now: datetime) -> bytes:
    """All plans of a learner, from today on. Constant queries."""
    today = plans.today_for(learner, now=now)
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Rizhi//Study//")
    calendar.add("version", "2.0")
    calendar.add("name", _("Study plan"))
    calendar.add("x-wr-calname", _("Study plan"))
    calendar.add("refresh-interval", REFRESH, parameters={"VALUE": "DURATION"})
    calendar.add("x-published-ttl", REFRESH)
    found = plans.of(learner.pk)
    for going in track_progress.tracks_of(learner, now=now):
        if plan := found.get(going.track.pk):
            for planned in plans.lay_out(going, plan, today=today).days:
                calendar.add_component(_event(learner, going, planned, plan.at, now))
    calendar.add_missing_timezones()
    file: bytes = calendar.to_ical()
    return file


def _event(
    learner: User, going: TrackProgress, planned: PlannedDay, at: time | None, now: datetime
) -> icalendar.Event:
    first = planned.parts[0].lesson
    event = icalendar.Event()
    event.add("uid", f"{learner.pk}-{going.track.pk}-{planned.day}@{_host()}")
    event.add("dtstamp", now)
    event.add("summary", f"{going.track.title} · {first.row.name} {first.lesson.title}")
    begins = plans.begins(learner, planned.day, at)
    if begins is None:
        event.add("dtstart", planned.day)
        event.add("dtend", planned.day + timedelta(days=1))
        event.add("transp", "TRANSPARENT")
    else:
        event.add("dtstart", begins)
        event.add("dtend", begins + timedelta(seconds=planned.seconds))
    lines = [f"{part.lesson.row.name} {part.lesson.lesson.title}" for part in planned.parts]
    event.add("description", "\n".join(lines))
    address = reverse("lesson", args=[first.course.slug, first.lesson.slug])
    event.add("url", urljoin(settings.BASE_URL, address))
    return event


def _host() -> str:
    return settings.BASE_URL.partition("://")[2].partition("/")[0]
