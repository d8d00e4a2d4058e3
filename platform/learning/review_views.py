"""温故: the few cards of the day, one at a time, and how well they are recalled."""

from collections.abc import Callable
from datetime import datetime
from functools import wraps
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBadRequest
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.limits import limited
from accounts.models import User
from learning import cards, goals, recall, review_queries
from learning.models import ReviewCard, ReviewLog
from learning.views import learner_of
from operations import clock
from pages import dates
from pages.templatetags.charts import Bar

MORE = 3  # sentences at once, beyond those of the day
MOST_LISTED = 10  # of those asked today

type OfCard = Callable[[HttpRequest, User, ReviewCard], HttpResponse]


@never_cache
@login_required
@require_safe
def review(request: HttpRequest) -> HttpResponse:
    """The next card, as long as fewer than `goal` were asked today; else what came of it."""
    learner, now = learner_of(request), clock.now()
    daily = goals.of(learner).sentences
    today = review_queries.today(learner, daily=daily, now=now)
    goal = max(daily, _goal(request.GET.get("goal", "")))
    context: dict[str, Any] = {"today": today, "goal": goal if goal > daily else 0}
    card = review_queries.next_due(learner, now=now) if today.seen < goal and today.due else None
    if card is None:
        context |= _rest(learner, today, now=now)
        return render(request, "learning/review.html", context)
    day = review_queries.today_of(learner, now)
    days = recall.intervals(cards.memory_of(card), day)
    context |= {
        "row": review_queries.shown(learner, [card])[0],
        "number": card.reviews + 1,
        "place": today.seen + 1,
        "of": min(goal, today.seen + today.due),
        "ratings": [
            {"value": value, "label": label, "interval": interval_words(days[value])}
            for value, label in ReviewLog.Rating.choices
        ],
    }
    return render(request, "learning/review.html", context)


def _rest(learner: User, today: review_queries.Today, *, now: datetime) -> dict[str, Any]:
    """After the last one of the day, or when there is none."""
    seen = review_queries.seen_today(learner, now=now)[:MOST_LISTED]
    return {
        "seen": review_queries.shown(learner, list(seen)),
        "coming": review_queries.coming(learner, now=now),
        "more": min(today.due, MORE),
        "more_url": _address(today.seen + MORE),
        "has_cards": ReviewCard.objects.filter(learner_id=learner.pk).exists(),
    }


def of_card(act: OfCard) -> Callable[[HttpRequest, UUID], HttpResponse]:
    """A learner's own card, by its key; 404 for anybody else's and for one that is closed."""

    @never_cache
    @login_required
    @require_POST
    @limited("review")
    @wraps(act)
    def view(request: HttpRequest, key: UUID) -> HttpResponse:
        learner = learner_of(request)
        mine = review_queries.cards_of(learner, now=clock.now())
        return act(request, learner, get_object_or_404(mine, key=key))

    return view


@of_card
def rate(request: HttpRequest, learner: User, card: ReviewCard) -> HttpResponse:
    """POST `rating`, 1 to 4, and `number`: its how manieth review this is. Sent again, or from
    another device meanwhile, it counts once."""
    rating, number = request.POST.get("rating", ""), request.POST.get("number", "")
    if rating not in {"1", "2", "3", "4"} or not (number.isascii() and number.isdigit()):
        return HttpResponseBadRequest(_("Choose one of the four answers."))
    cards.review(card, int(rating), number=int(number), learner=learner, now=clock.now())
    return _on(request)


@of_card
def remove(request: HttpRequest, learner: User, card: ReviewCard) -> HttpResponse:
    card.delete()
    messages.success(request, _("It is not asked any more."))
    return _on(request)


@never_cache
@login_required
@require_safe
def statistics(request: HttpRequest) -> HttpResponse:
    """How well one recalls, beside what FSRS foretold, and what comes in the next days."""
    learner, now = learner_of(request), clock.now()
    every = ReviewCard.objects.filter(learner_id=learner.pk).count()
    asked = review_queries.cards_of(learner, now=now).count()
    ahead = review_queries.ahead(learner, now=now)
    context = {
        "cards": every,
        "resting": every - asked,
        "windows": review_queries.recalled(learner, now=now),
        "bars": [
            Bar(
                words=dates.day(day, now=now),
                value=number,
                label=f"{day.month}/{day.day}" if place % 7 == 0 else "",
            )
            for place, (day, number) in enumerate(ahead)
        ],
        "total_ahead": sum(number for _day, number in ahead),
    }
    return render(request, "learning/review_statistics.html", context)


def interval_words(days: int) -> str:
    """1 天, 3 天; from two months on in months, from two years on in years."""
    if days < 60:
        return ngettext("%(number)d day", "%(number)d days", days) % {"number": days}
    if days < 730:
        months = round(days / 30.4)
        return ngettext("%(number)d month", "%(number)d months", months) % {"number": months}
    years = round(days / 365.25)
    return ngettext("%(number)d year", "%(number)d years", years) % {"number": years}


def _goal(text: str) -> int:
    """How many of today one asked to see; 0: as many as every day."""
    return int(text) if text.isascii() and text.isdigit() and len(text) < 5 else 0


def _on(request: HttpRequest) -> HttpResponse:
    return redirect(_address(_goal(request.POST.get("goal", ""))))


def _address(goal: int) -> str:
    query = f"?{urlencode({'goal': goal})}" if goal else ""
    return reverse("review") + query
