"""The page of one's mails, and the address in each of them that ends its kind."""

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from growth import letters, mail_choices
from growth.models import LetterSubscription, MailChoice
from learning.views import learner_of
from operations import clock


class MailChoiceForm(forms.ModelForm[MailChoice]):
    class Meta:
        model = MailChoice
        fields = ["reminders", "offers"]


@never_cache
@login_required
@require_http_methods(["GET", "HEAD", "POST"])
def choices(request: HttpRequest) -> HttpResponse:
    learner = learner_of(request)
    mine = letters.of_address(learner.email)
    if request.method == "POST" and "letters" in request.POST:
        return _end_letters(request, mine)
    form = MailChoiceForm(request.POST or None, instance=mail_choices.of(learner))
    if request.method == "POST" and form.is_valid():
        mail_choices.choose(user=learner, now=clock.now(), **form.cleaned_data)
        messages.success(request, _("Saved."))
        return redirect("mail_choices")
    return render(request, "growth/mail_choices.html", {"form": form, "letters": mine})


def _end_letters(request: HttpRequest, mine: list[LetterSubscription]) -> HttpResponse:
    """POST `letters`: the key of one of theirs."""
    for row in mine:
        if str(row.key) == request.POST["letters"]:
            letters.end(row, now=clock.now())
            messages.success(request, _("Done. No more letters of theirs come."))
    return redirect("mail_choices")


@csrf_exempt  # the signed address is the proof; mail programs post without a page (RFC 8058)
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def stop(request: HttpRequest, token: str) -> HttpResponse:
    """GET asks, for mail scanners follow links, or says that it has ended; POST ends it, once or
    often."""
    try:
        user, kind = mail_choices.read_token(token)
    except mail_choices.UnknownAddress:
        raise Http404 from None
    if request.method == "POST":
        mail_choices.choose(user=user, now=clock.now(), **{kind.value: False})
    ended = not getattr(mail_choices.of(user), kind.value)
    return render(request, "growth/stop_mails.html", {"kind": kind, "ended": ended})
