"""What other apps' pages show of growth.

{% wishing course as wishing %}, on a planned course, or one whose day has passed with nothing out
(the page's lesson_count): `wishing.number_shown`, `wishing.is_mine`;
None where there is nothing to wish for. One query there, none elsewhere. In a page that visitors
share it says only how many.

{% waited_for as wishes %}, on one's study page: the wishes whose courses are to come,
each with whether its day is to come. One query.

{% going_on_at as reminder %}, there too: when one chose to go on (growth.continuing.Reminder),
or None. One query where there is none.

{% quietly way page as way %}: a way to buy, or None in a lesson for a day after a purchase; {%
bought_lately as rests %}: whether it is such a day. One query a page for who is signed in.
"""

from django import template
from django.template.context import Context
from django.utils import timezone

from accounts.models import User
from courses.models import CoursePage, LessonPage
from growth import continuing, quiet, wishes
from growth.models import Wish
from operations import clock
from payments import sales
from payments.sales import Sale

register = template.Library()


def learner_of(context: Context) -> User | None:
    user = getattr(context.get("request"), "user", None)
    return user if user is not None and user.is_authenticated else None


@register.simple_tag(takes_context=True)
def wishing(context: Context, course: CoursePage) -> wishes.Standing | None:
    """Of what was called off only who wished for it hears, so that they can take it back."""
    request = context.get("request")
    if not course.live or course.opens_on is None:
        return None
    is_planned = course.is_planned(timezone.localdate(clock.now()))
    if not is_planned and context.get("lesson_count"):  # it is out: no query for that
        return None
    standing = wishes.of_course(course, learner_of(context))
    is_told = sales.is_coming(request, course) if is_planned else not context["lesson_count"]
    return standing if standing.is_mine or is_told else None


@register.simple_tag(takes_context=True)
def waited_for(context: Context) -> list[tuple[Wish, bool]]:
    learner = learner_of(context)
    today = timezone.localdate(clock.now())
    found = list(wishes.of_learner(learner)) if learner else []
    return [(wish, wish.course.is_planned(today)) for wish in found]


@register.simple_tag(takes_context=True)
def going_on_at(context: Context) -> continuing.Reminder | None:
    learner = learner_of(context)
    return continuing.of(learner, now=clock.now()) if learner else None


@register.simple_tag(takes_context=True)
def quietly(context: Context, way: Sale | None, page: object) -> Sale | None:
    if way is None or not isinstance(page, LessonPage):
        return way
    return None if bought_lately(context) else way


@register.simple_tag(takes_context=True)
def bought_lately(context: Context) -> bool:
    learner = learner_of(context)
    if learner is None:
        return False
    kept = context["request"].__dict__
    if "_bought_lately" not in kept:
        kept["_bought_lately"] = quiet.bought_lately(learner, now=clock.now())
    return bool(kept["_bought_lately"])
