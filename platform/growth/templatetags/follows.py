"""{% following instructor as follow %}: `follow.number` (of followers; 0: too few to be told),
`follow.mine` (whether the learner who looks is one), `follow.can` (whether somebody is signed in).
One query for visitors, two for learners."""

from dataclasses import dataclass

from django import template
from django.template.context import Context

from courses.models import Instructor
from growth import follows
from learning.templatetags.learning import learner_of

register = template.Library()


@dataclass(frozen=True)
class Following:
    number: int
    mine: bool
    can: bool


@register.simple_tag(takes_context=True)
def following(context: Context, instructor: Instructor) -> Following:
    learner = learner_of(context)
    mine = learner is not None and follows.is_followed(learner, instructor)
    return Following(follows.number_shown(instructor), mine, learner is not None)
