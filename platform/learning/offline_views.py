"""What is kept on this device: the page that lists it, and asking what may be kept still."""

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_safe

from accounts.limits import limited
from learning import offline
from operations import clock


@require_safe
def kept(request: HttpRequest) -> HttpResponse:
    """The same for everybody, for the device fills it in; without a network it stands in for every
    page that is not kept."""
    return render(request, "learning/kept.html")


@never_cache
@require_GET
@limited("token")
def leaves(request: HttpRequest) -> JsonResponse:
    """`?lessons=1,2`: who asks, and which of them they may keep, with its token and until when."""
    if not request.user.is_authenticated:
        return JsonResponse({"learner": "", "lessons": {}})
    ids = [int(part) for part in request.GET.get("lessons", "").split(",") if _is_id(part)]
    now = clock.now()
    found = offline.leaves(request.user, ids, now=now)
    told = {
        pk: {
            "token": leave.token,
            "day_ends": leave.day_ends,
            "until": round((leave.until - clock.offset()).timestamp() * 1000),
        }
        for pk, leave in found.items()
    }
    return JsonResponse({"learner": str(request.user.pk), "lessons": told})


def _is_id(text: str) -> bool:
    return text.isdecimal() and len(text) < 19
