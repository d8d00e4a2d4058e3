"""{% load talk %}: what was said under lessons, where other pages show it."""

from typing import Any

from django import template

from community import talk_queries, teaching
from community.talk_queries import Shown
from courses.models import CoursePage

register = template.Library()


@register.simple_tag
def featured_comments(course: CoursePage) -> list[Shown]:
    """Those that everybody may read. One query."""
    return talk_queries.featured_of(course)


@register.simple_tag
def is_instructor(user: Any) -> bool:
    """Whether somebody answers questions here. One query."""
    return teaching.is_instructor(user)
