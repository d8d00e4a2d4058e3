"""Where Stripe tells what happened."""

import logging

from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from operations import clock
from payments import gateway, webhooks

logger = logging.getLogger("payments")


@csrf_exempt
@require_POST
def webhook(request: HttpRequest) -> HttpResponse:
    """2xx once the event is stored; 400 for what Stripe did not sign, 413 for what is too large.
    Anything else makes Stripe send it again, for days."""
    if not 0 <= _declared_length(request) <= webhooks.LARGEST_BODY:
        return HttpResponse(status=413)
    try:
        body = request.read()  # never more than was declared
    except UnreadablePostError:
        return HttpResponse(status=400)
    try:
        webhooks.receive(body, request.headers.get("Stripe-Signature", ""), now=clock.now())
    except gateway.Forged as error:
        logger.warning("webhook refused: %s", error)
        return HttpResponse(status=400)
    except gateway.GatewayError:
        # Whose account this is could not be asked: nothing is stored, Stripe will come again.
        return HttpResponse(status=503)
    return HttpResponse(status=204)


def _declared_length(request: HttpRequest) -> int:
    try:
        return int(request.META.get("CONTENT_LENGTH") or 0)
    except ValueError:
        return 0
