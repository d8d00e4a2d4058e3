"""When somebody goes on, as an entry for their calendar."""

from datetime import timedelta
from urllib.parse import urljoin

import icalendar
from django.conf import settings
from django.urls import reverse

from growth.continuing import Reminder
from learning import days

SHORTEST = 60  # seconds an entry lasts at least


def of(reminder: Reminder) -> bytes:
    """One event that rings when it begins."""
    row, lesson = reminder.row, reminder.lesson
    begins = row.due_at.astimezone(days.zone_of(row.learner))
    event = icalendar.Event()
    host = settings.BASE_URL.partition("://")[2].partition("/")[0]
    event.add("uid", f"continue-{row.pk}-{row.due_at:%Y%m%dT%H%M}@{host}")
    event.add("dtstamp", row.chosen_at)
    event.add("summary", f"{reminder.course.title} · {lesson.title}")
    event.add("dtstart", begins)
    event.add("dtend", begins + timedelta(seconds=max(lesson.seconds, SHORTEST)))
    event.add("url", urljoin(settings.BASE_URL, reverse("resume", args=[lesson.pk])))
    alarm = icalendar.Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", lesson.title)
    alarm.add("trigger", timedelta())
    event.add_component(alarm)
    calendar = icalendar.Calendar()
    calendar.add("prodid", "-//Rizhi//Study//")
    calendar.add("version", "2.0")
    calendar.add_component(event)
    calendar.add_missing_timezones()
    file: bytes = calendar.to_ical()
    return file
