"""What both doors share: a request comes in, one transaction, an answer goes out."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from operations import clock
from payments.sandbox import API_VERSION, expand, faults, idempotency, routes
from payments.sandbox import ids as new_ids
from payments.sandbox.encoding import decode
from payments.sandbox.errors import (
    CardError,
    InvalidRequestError,
    NotFoundError,
    RateLimitError,
    ServerError,
    StripeError,
)
from payments.sandbox.events import current_request
from payments.sandbox.operations import Operation
from payments.sandbox.parameters import Params
from payments.sandbox.store import Shape, transaction


class NoAnswerError(Exception):
    """The connection is cut, or no answer comes in time. Each door shows it in its own way."""


@dataclass(frozen=True)
class Request:
    method: str  # get, post, delete
    path: str  # /v1/customers/cus_1
    form: str = ""  # query or body, form-encoded
    idempotency_key: str = ""
    version: str = ""


@dataclass(frozen=True)
class Answer:
    status: int
    body: str
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Exchange:
    """What observers are told: the contract check of the tests listens."""

    operation: Operation
    params: dict[str, Any]
    status: int
    body: dict[str, Any]


observers: list[Callable[[Exchange], None]] = []


def handle(request: Request) -> Answer:
    """Raises NoAnswerError where a fault says that nothing comes back."""
    name = f"{request.method.upper()} {request.path}"
    request_id = new_ids.new("req", 14)
    headers = {"Request-Id": request_id, "Stripe-Version": API_VERSION}
    if request.idempotency_key:
        headers["Idempotency-Key"] = request.idempotency_key
    try:
        _strike_before(name)
        status, body, replayed = _answer(request, request_id)
    except StripeError as error:
        status, body, replayed = error.status, json.dumps(error.body(), indent=2), False
    if replayed:
        headers["Idempotent-Replayed"] = "true"
    match faults.strikes(faults.AFTER, name):
        case faults.Kind.ANSWER_LOST | faults.Kind.TIMEOUT as kind:
            raise NoAnswerError(kind)
        case faults.Kind.BROKEN_ANSWER:
            body = body[: len(body) // 2]
    return Answer(status, body, headers)


def _strike_before(name: str) -> None:
    match faults.strikes(faults.BEFORE, name):
        case faults.Kind.RATE_LIMIT:
            raise RateLimitError(
                "Request rate limit exceeded. Learn more about rate limits here "
                "https://stripe.com/docs/rate-limits.",
                code="rate_limit",
            )
        case faults.Kind.SERVER_ERROR:
            raise ServerError("An unknown error occurred")
        case faults.Kind.NO_CONNECTION as kind:
            raise NoAnswerError(kind)


def _answer(request: Request, request_id: str) -> tuple[int, str, bool]:
    """Status, body, and whether it was given before under the same idempotency key."""
    if request.version not in {"", API_VERSION}:
        raise InvalidRequestError(f"Invalid Stripe API version: {request.version}")
    found = routes.match(request.method, request.path)
    if found is None:
        raise NotFoundError(f"Unrecognized request URL ({request.method.upper()}: {request.path}).")
    operation, ids = found
    now = clock.now()
    fingerprint = hashlib.sha256(
        f"{request.method} {request.path} {request.form}".encode()
    ).hexdigest()
    key = request.idempotency_key if request.method == "post" else ""
    with idempotency.claim(key, fingerprint, now) as claim:
        if claim.answer is not None:
            return *claim.answer, True
        token = current_request.set((request_id, request.idempotency_key or None))
        try:
            return *_carry_out(operation, ids, request.form, now, claim), False
        finally:
            current_request.reset(token)


def _carry_out(
    operation: Operation,
    ids: tuple[str, ...],
    form: str,
    now: datetime,
    claim: idempotency.Claim,
) -> tuple[int, str]:
    values = decode(form)
    params = Params(values)
    paths = params.texts("expand")
    try:
        with transaction():
            status, shape = _outcome(operation, params, ids, now)
            if status == 200:
                params.refuse_unread()
                shape = expand.apply(shape, paths)
            body = json.dumps(shape, indent=2, ensure_ascii=False)
            claim.keep(status, body)
    except StripeError as error:
        _tell(operation, values, error.status, error.body())
        raise
    _tell(operation, values, status, shape)
    return status, body


def _outcome(
    operation: Operation, params: Params, ids: tuple[str, ...], now: datetime
) -> tuple[int, Shape]:
    """A declined card is an outcome that stays (the attempt was made); other errors undo."""
    try:
        return 200, operation.handler(params, now, *ids)
    except CardError as error:
        return error.status, error.body()


def _tell(operation: Operation, values: dict[str, Any], status: int, body: Shape) -> None:
    for observe in observers:
        observe(Exchange(operation, values, status, body))
