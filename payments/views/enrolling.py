"""Enrolling in a course that is free."""

from django.contrib import messages
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.limits import limited
from courses.models import LessonPage
from operations import clock
from payments import attribution, checkout, enrolment
from payments.models import Price
from payments.views import buying


@require_POST
@limited("checkout")
def enrol(request: HttpRequest) -> HttpResponse:
    """Opens a free course. POST `price` (its key: what the learner saw), `from`, `block`."""
    price = buying.price_of(request.POST.get("price", ""))
    led_by = attribution.from_form(request)
    here = reverse("payments_buy", args=[price.offer.key]) + attribution.as_query(led_by)
    if not request.user.is_authenticated:
        return redirect_to_login(here)
    try:
        enrolment.enrol(learner=request.user, price=price, now=clock.now())
    except checkout.AlreadyOwned as problem:
        messages.info(request, problem.message)
    except checkout.CannotStart as problem:
        messages.warning(request, problem.message)
        return redirect(here)
    else:
        messages.success(request, _("You are enrolled. The course stays yours."))
    return redirect(_where_it_began(price, led_by))


def _where_it_began(price: Price, led_by: checkout.Attribution) -> str:
    """The lesson at whose end it was tapped, else the course."""
    course = price.offer.course
    assert course is not None  # noqa: S101 — nothing else is free
    lesson = LessonPage.objects.child_of(course).filter(pk=led_by.page_id).first()
    if lesson is None:
        return course.get_absolute_url()
    return reverse("lesson", args=[course.slug, lesson.slug])
