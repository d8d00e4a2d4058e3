"""The door over HTTP: /sandbox/v1/…, for any client that can be told Stripe's address."""

from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from payments.sandbox import dispatch, keys


@csrf_exempt
def door(request: HttpRequest, rest: str) -> HttpResponse:
    answer = keys.refusal(request.headers.get("Authorization", ""))
    try:
        answer = answer or dispatch.handle(_read(request, rest))
    except dispatch.NoAnswerError:
        # As near to a cut connection as a view can come.
        return HttpResponse(b"", status=502, headers={"Connection": "close"})
    return HttpResponse(
        answer.body,
        status=answer.status,
        content_type="application/json",
        headers={**answer.headers, "Cache-Control": "no-store"},
    )


def _read(request: HttpRequest, rest: str) -> dispatch.Request:
    method = str(request.method).lower()
    form = (
        request.META["QUERY_STRING"]
        if method != "post"
        else request.body.decode("utf-8", "replace")
    )
    return dispatch.Request(
        method=method,
        path=f"/v1/{rest}",
        form=form,
        idempotency_key=request.headers.get("Idempotency-Key", ""),
        version=request.headers.get("Stripe-Version", ""),
    )
