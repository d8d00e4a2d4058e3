"""Claiming a certificate, its public page, and what its owner does with it."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.limits import limited
from courses import access, depicted, pictures, queries
from courses.models import CoursePage, TrackPage
from learning import badge_keys, credential_pictures, credentials, progress
from learning.certificate_rule import Target
from learning.credential_forms import NameForm
from learning.models import Credential
from learning.views import learner_of
from operations import clock
from pages import dates
from pages.site_shown import shown_to

PER_PAGE = 20

type OfOwner = Callable[[HttpRequest, Credential], HttpResponse]


@never_cache
@login_required
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """All one's certificates."""
    rows = credentials.of_learner(learner_of(request).pk)
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "learning/credentials/mine.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@login_required
@limited("credential")
def claim(request: HttpRequest, kind: str, target_id: int) -> HttpResponse:
    """What is asked, how far one is, and the name to be written; POST issues it."""
    learner, now = learner_of(request), clock.now()
    target = _target(request, kind, target_id)
    if found := credentials.find(learner.pk, target):
        return redirect(found)
    if not target.gives_certificate:
        raise Http404
    form = NameForm(request.POST if request.method == "POST" else None, initial=_initial(request))
    if request.method == "POST" and form.is_valid():
        try:
            row = credentials.issue(
                learner=learner,
                target=target,
                name=form.cleaned_data["name"],
                publisher=shown_to(request).name,
                now=now,
            )
        except credentials.NotEarned:
            form.add_error(None, _("Something is still to be done. Nothing was issued."))
        else:
            messages.success(request, _("Your certificate is issued."))
            return redirect(row)
    else:
        progress.fold_learner(learner.pk)
    context = {
        "target": target,
        "kind": kind,
        "standing": credentials.stand(learner, target, now=now),
        "form": form,
    }
    status = 422 if form.errors else 200
    return render(request, "learning/credentials/claim.html", context, status=status)


def _initial(request: HttpRequest) -> dict[str, str]:
    return {"name": learner_of(request).name}


def _target(request: HttpRequest, kind: str, target_id: int) -> Target:
    """What whoever asks may see."""
    if kind == Credential.Kind.COURSE:
        course: CoursePage = get_object_or_404(queries.courses(), id=target_id)
        if access.to_course(request.user, course).sees_course:
            return course
    elif kind == Credential.Kind.TRACK:
        track: TrackPage = get_object_or_404(queries.live_tracks(), id=target_id)
        return track
    raise Http404


# --- one certificate ----------------------------------------------------------------------------


@never_cache
@require_safe
def credential(request: HttpRequest, number: str) -> HttpResponse:
    """For everybody who has the address: whose it is, for what, and whether it holds."""
    row = Credential.objects.filter(number=_plain(number)).first()
    if row is None:
        answer = render(request, "learning/credentials/unknown.html", status=404)
    elif row.number != number:
        return redirect(row)
    else:
        answer = _page(request, row)
    answer["X-Robots-Tag"] = "noindex"
    return answer


def _plain(number: str) -> str:
    """As it is stored, however somebody typed it from paper."""
    return number.replace("-", "").replace(" ", "").upper()


def _page(
    request: HttpRequest, row: Credential, form: NameForm | None = None, status: int = 200
) -> HttpResponse:
    is_owner = request.user.is_authenticated and request.user.pk == row.learner_id
    context: dict[str, Any] = {
        "row": row,
        "target": _live(row),
        "asked": credential_pictures.asked_words(row),
        "days": _days(row),
        "address": _address(row),
        "code": credential_pictures.code_path(_address(row)),
        "is_owner": is_owner,
    }
    if is_owner and not row.is_withdrawn:
        context |= {
            "form": form or NameForm(initial={"name": row.name}),
            "undrawable": credential_pictures.undrawable(row),
            "shared": _shared(request, row),
            "has_badge": badge_keys.is_on(),
        }
    return render(request, "learning/credentials/credential.html", context, status=status)


def _days(row: Credential) -> dict[str, str]:
    """With their years, whenever it is read."""
    corrected_at = credentials.corrected_at(row)
    found = {"finished": row.earned_on, "withdrawn": row.withdrawn_at, "corrected": corrected_at}
    return {name: dates.day(day) if day else "" for name, day in found.items()}


def _live(row: Credential) -> Target | None:
    """What it was given for, if that is to be seen by everybody."""
    pages = CoursePage if row.kind == Credential.Kind.COURSE else TrackPage
    found: Target | None = pages.objects.live().filter(pk=row.target_id).first()
    return found


def _address(row: Credential) -> str:
    return depicted.absolute(row.get_absolute_url())


def _shared(request: HttpRequest, row: Credential) -> pictures.Shared | None:
    if credential_pictures.undrawable(row):
        return None
    return credential_pictures.shared(row, shown_to(request), address=_address(row))


def of_owner(act: OfOwner) -> Callable[[HttpRequest, str], HttpResponse]:
    """One's own certificate that holds; 404 for anybody else's."""

    @never_cache
    @login_required
    @limited("credential")
    @wraps(act)
    def view(request: HttpRequest, number: str) -> HttpResponse:
        own = Credential.objects.filter(learner_id=learner_of(request).pk, withdrawn_at=None)
        return act(request, get_object_or_404(own, number=number))

    return view


@require_POST
@of_owner
def correct(request: HttpRequest, row: Credential) -> HttpResponse:
    """Another name on it."""
    form = NameForm(request.POST)
    if form.is_valid():
        try:
            credentials.correct_name(row, form.cleaned_data["name"], now=clock.now())
        except credentials.TooManyCorrections:
            form.add_error("name", _("The name was corrected five times; write to us instead."))
    if form.errors:
        return _page(request, row, form, status=422)
    messages.success(request, _("The name is corrected."))
    return redirect(row)


def drawn(draw: OfOwner) -> Callable[[HttpRequest, str], HttpResponse]:
    """What is drawn of it; back to its page where a character cannot be."""

    @require_safe
    @of_owner
    @wraps(draw)
    def view(request: HttpRequest, row: Credential) -> HttpResponse:
        return redirect(row) if credential_pictures.undrawable(row) else draw(request, row)

    return view


@drawn
def picture(request: HttpRequest, row: Credential) -> HttpResponse:
    made = credential_pictures.png(row, shown_to(request), address=_address(row))
    return as_file(made, "image/png", f"{row.shown_number}.png")


@drawn
def paper(request: HttpRequest, row: Credential) -> HttpResponse:
    made = credential_pictures.pdf(row, shown_to(request), address=_address(row))
    return as_file(made, "application/pdf", f"{row.shown_number}.pdf")


@drawn
def poster(request: HttpRequest, row: Credential) -> HttpResponse:
    """Shown in the page's own sheet, so not as a download."""
    made = credential_pictures.poster(row, _live(row), shown_to(request), address=_address(row))
    return HttpResponse(made, content_type="image/png")


def as_file(made: bytes, kind: str, name: str) -> HttpResponse:
    answer = HttpResponse(made, content_type=kind)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer
