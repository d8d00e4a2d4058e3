"""Letters on the site: asking for them, the two addresses in mails, those that were sent."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import get_language
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe

from accounts.limits import limited
from growth import follows, letters, sources
from growth.letter_forms import AskForm
from growth.models import Letter
from operations import clock

PER_PAGE = 20


@never_cache
@require_http_methods(["GET", "HEAD"])
def index(request: HttpRequest) -> HttpResponse:
    """GET `of`: an instructor's address; without it the publisher's letters."""
    source = sources.read(request.GET.get("of", ""))
    email = request.user.email if request.user.is_authenticated else ""
    form = AskForm(initial={"email": email, "of": sources.slug_of(source)})
    return _index(request, source, form)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@limited("letters")
def ask(request: HttpRequest) -> HttpResponse:
    """The answer is the same whether the address was known or not."""
    if request.method != "POST":
        return redirect("letters")
    form = AskForm(request.POST)
    if not form.is_valid():
        return _index(request, sources.read(form.data.get("of", "")), form, status=422)
    source, email = form.cleaned_data["of"], form.cleaned_data["email"]
    letters.ask(email=email, source=source, language=get_language() or "zh-hans", now=clock.now())
    said = _("A mail went to %(email)s, once a day at most. Tap the link in it, and letters come.")
    messages.success(request, said % {"email": email})
    return redirect(_address(source))


def _address(source: sources.Source) -> str:
    return reverse("letters") + (f"?of={source.slug}" if source else "")


def _index(
    request: HttpRequest, source: sources.Source, form: AskForm, *, status: int = 200
) -> HttpResponse:
    learner = request.user if request.user.is_authenticated else None
    mine = letters.of_address(learner.email) if learner else []
    sent = Letter.objects.filter(instructor=source, status__in=Letter.OUT)
    context = {
        "source": source,
        "name": sources.name_of(source),
        "form": form,
        "is_followed": learner is not None and follows.is_followed(learner, source),
        "has_them": any(row.instructor == source for row in mine),
        "page": Paginator(sent, PER_PAGE).get_page(request.GET.get("page")),
    }
    return render(request, "growth/letters.html", context, status=status)


@never_cache
@require_safe
def letter(request: HttpRequest, pk: int) -> HttpResponse:
    """One that was sent, for everybody."""
    found = get_object_or_404(
        Letter.objects.select_related("instructor"), pk=pk, status__in=Letter.OUT
    )
    context = {"letter": found, "name": sources.name_of(found.instructor)}
    return render(request, "growth/letter.html", context | {"back": _address(found.instructor)})


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def yes(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, for mail scanners follow links; POST says yes."""
    now = clock.now()
    try:
        row = letters.read_yes(token, now=now)
    except letters.UnknownAddress:
        return render(request, "growth/letters_too_old.html", status=404)
    if request.method == "POST":
        letters.confirm(row, now=now)
        row.refresh_from_db()
    context = {"row": row, "name": sources.name_of(row.instructor)}
    return render(request, "growth/letters_yes.html", context)


@csrf_exempt  # the signed address is the proof; mail programs post without a page (RFC 8058)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def no(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks; POST ends them, once or often."""
    try:
        row = letters.read_no(token)
    except letters.UnknownAddress:
        raise Http404 from None
    if request.method == "POST":
        letters.end(row, now=clock.now())
        row.refresh_from_db()
    context = {"row": row, "name": sources.name_of(row.instructor)}
    return render(request, "growth/letters_no.html", context)
