"""{% load dates %}: days and moments in words."""

from datetime import date, datetime

from django import template

from operations import clock
from pages import dates

register = template.Library()


@register.filter
def day(value: date | None) -> str:
    """`order.paid_at|day`: 11 月 30 日; with the year where it is not this one's."""
    return dates.day(value, now=clock.now()) if value else ""


@register.simple_tag
def today() -> str:
    return dates.day(clock.now(), now=clock.now())


@register.filter
def moment(value: datetime | None) -> str:
    """`order.created_at|moment`: 2026 年 11 月 30 日 18:05."""
    return dates.moment(value) if value else ""
