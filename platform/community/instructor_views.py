"""The instructor's own page: what was asked in their courses."""

from typing import Any

from django.contrib.auth.decorators import login_required
from django.core.paginator import Paginator
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from community import talk_queries, teaching
from community.talk_forms import AnswerForm
from learning.views import learner_of
from operations import clock

PER_PAGE = 20


@never_cache
@login_required
@require_safe
def questions(request: HttpRequest) -> HttpResponse:
    """What waits longer than twelve hours first, then the newest, then what is answered; each with
    a form to answer it. 404 for who teaches nothing."""
    user = learner_of(request)
    if not teaching.is_instructor(user):
        raise Http404
    found = talk_queries.asked_of(user, now=clock.now())
    page = Paginator(found, PER_PAGE).get_page(request.GET.get("page"))
    answers = talk_queries.answers_to(page.object_list, user)
    rows: list[dict[str, Any]] = [
        {
            "shown": talk_queries.Shown(row, replies=answers.get(row.pk, [])),
            "form": AnswerForm(auto_id=f"answer_{row.pk}_%s"),
        }
        for row in page.object_list
    ]
    context = {
        "page": page,
        "waiting": [row for row in rows if not row["shown"].comment.is_settled],
        "answered": [row for row in rows if row["shown"].comment.is_settled],
    }
    return render(request, "community/questions.html", context)
