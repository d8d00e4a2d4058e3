"""What a track's page shows of money."""

from django import template
from django.template.context import Context

from courses.models import TrackPage
from courses.tracks import Path
from payments import needs

register = template.Library()


@register.simple_tag(takes_context=True)
def track_needs(context: Context, path: Path, page: TrackPage) -> needs.Needs:
    """`{% track_needs path page as needs %}`: what whoever looks needs for the track."""
    return needs.of_track(context.get("request"), path, page)
