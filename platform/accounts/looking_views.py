"""Beginning to see the site as somebody, from their page in the administration, and ending it."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts import looking, reauthentication
from accounts.forms import ReasonForm
from accounts.models import User
from accounts.users_admin import below_person


@never_cache
def begin(request: HttpRequest, pk: int) -> HttpResponse:
    """GET says what it means, POST begins it."""
    if not request.user.has_perm(looking.PERMISSION):
        raise PermissionDenied
    person = get_object_or_404(User, pk=pk)
    if not looking.may_be_seen(person):
        raise PermissionDenied
    reauthentication.ask(request)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        looking.begin(request, person=person, reason=form.cleaned_data["reason"])
        answer = HttpResponseRedirect("/")
        looking.mark(answer)
        return answer
    return render(request, "staff/confirm.html", _page(person, form))


@require_POST
def end(request: HttpRequest) -> HttpResponse:
    """Back to the person's page in the administration, as oneself."""
    state = request.session.get(looking.KEY) or {}
    looking.end(request, how="by hand")
    person = state.get("person")
    answer = HttpResponseRedirect(
        reverse("wagtailusers_users:edit", args=[person]) if person else "/"
    )
    answer.delete_cookie(looking.COOKIE, samesite="Lax")
    return answer


def _page(person: User, form: ReasonForm) -> dict[str, Any]:
    page = below_person(person, title=_("See the site as they do"), icon="view")
    return page | {
        "consequences": [
            _("For half an hour you see the pages that %(name)s sees.") % {"name": person},
            _("Nothing can be changed, and their account and payments stay closed."),
            _("That you looked, when and why stands in the site's history."),
        ],
        "form": form,
    }
