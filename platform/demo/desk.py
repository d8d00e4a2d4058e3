"""The demo desk: who is who, one-tap sign-in for learners, codes for staff, the caught mails."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import OutboxMessage, User
from demo import facts
from demo.people import CAST, PASSWORD, seconds_left

View = Callable[..., HttpResponse]


def only_in_demo(view: View) -> View:
    @wraps(view)
    def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        if not facts.exist():
            raise Http404
        return view(request, *args, **kwargs)

    return checked


@require_safe
@never_cache
@only_in_demo
def desk(request: HttpRequest) -> HttpResponse:
    return render(
        request,
        "demo/desk.html",
        {
            "learners": [person for person in CAST if not person.role],
            "staff": [person for person in CAST if person.role],
            "password": PASSWORD,
            "seconds_left": seconds_left(),
            "messages_caught": OutboxMessage.objects.order_by("-created_at", "-pk")[:20],
            "facts": facts.gather(),
            "base": settings.BASE_URL,
        },
    )


@require_POST
@only_in_demo
def sign_in(request: HttpRequest, key: str) -> HttpResponse:
    """One tap for a learner. Staff show their second factor at the real door."""
    person = next((each for each in CAST if each.key == key and not each.role), None)
    if person is None:
        raise Http404
    user = get_object_or_404(User, email=person.email)
    login(request, user, backend="allauth.account.auth_backends.AuthenticationBackend")
    UserSession.objects.create_from_request(request)  # the list of devices knows of it
    return redirect("/study/")


@require_safe
@only_in_demo
def mail(request: HttpRequest, pk: int) -> HttpResponse:
    message = get_object_or_404(OutboxMessage, pk=pk)
    return render(request, "demo/mail.html", {"mail": message})
