"""Taking somebody's second step off, from their page in the administration."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache

from accounts import lost_second_step, reauthentication
from accounts.forms import ReasonForm
from accounts.models import User
from accounts.users_admin import below_person


@never_cache
def take_off(request: HttpRequest, pk: int) -> HttpResponse:
    """GET says what it means, POST does it."""
    me = request.user
    if not isinstance(me, User) or not me.has_perm(lost_second_step.PERMISSION):
        raise PermissionDenied
    person = get_object_or_404(User, pk=pk)
    if not lost_second_step.may_be_taken_off(person, by=me):
        raise PermissionDenied
    reauthentication.ask(request)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        lost_second_step.take_off(person, by=me, reason=form.cleaned_data["reason"])
        words = _("The second step of %(name)s is off. They were told by mail.")
        messages.success(request, words % {"name": person})
        return HttpResponseRedirect(reverse("wagtailusers_users:edit", args=[person.pk]))
    consequences = [
        _("The authenticator app, passkeys and recovery codes of %(name)s count no more.")
        % {"name": person},
        _("They are signed out everywhere, and sign in by password or a code by mail."),
        _("Be sure that it is they who ask: call them back. They are told by mail."),
        _("That you did it, when and why stands in the site's history."),
    ]
    page = below_person(person, title=_("Take the second step off"), icon="lock-open")
    context = page | {"consequences": consequences, "form": form, "serious": True}
    return render(request, "staff/confirm.html", context)
