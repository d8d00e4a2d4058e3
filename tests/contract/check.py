"""Is this exchange, this event, what Stripe's SDK declares?"""

from collections.abc import Iterator
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError, best_match

from tests.contract import schemas, sdk
from tests.contract.schemas import REGISTRY, Schema

# Stripe's errors are built by hand in the SDK (stripe._error_object), so they are declared here
# after https://docs.stripe.com/api/errors
ERROR: Schema = {
    "type": "object",
    "properties": {
        "error": {
            "type": "object",
            "properties": {
                "type": {
                    "enum": [
                        "api_error",
                        "card_error",
                        "idempotency_error",
                        "invalid_request_error",
                    ]
                },
                "message": {"type": "string", "minLength": 1},
                "code": {"type": "string"},
                "decline_code": {"type": "string"},
                "param": {"type": "string"},
                "charge": {"type": "string"},
                "doc_url": {"type": "string"},
                "request_log_url": {"type": "string"},
                "payment_intent": {"$ref": "urn:json:_payment_intent:PaymentIntent"},
                "payment_method": {"$ref": "urn:json:_payment_method:PaymentMethod"},
            },
            "required": ["type", "message"],
            "additionalProperties": False,
        }
    },
    "required": ["error"],
    "additionalProperties": False,
}


def request(method: str, path: str, params: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the decoded parameters sent to an operation (path as a template)."""
    operation = sdk.operation(method, path)
    yield from _faults(
        _validator("params", method, path), params, f"request {operation.method} {path}"
    )


def answer(method: str, path: str, status: int, body: dict[str, Any]) -> Iterator[str]:
    """What is wrong with the answer to an operation."""
    name = f"answer {status} to {method} {path}"
    if status >= 400:
        yield from _faults(_error_validator(), body, name)
    else:
        yield from _faults(_validator("answer", method, path), body, name)


def event(body: dict[str, Any]) -> Iterator[str]:
    """What is wrong with an event, the object it carries included."""
    name = f"event {body.get('type')}"
    yield from _faults(_object_validator("event"), body, name)
    carried = body.get("data", {}).get("object", {})
    kind = carried.get("object")
    if kind not in sdk.object_classes():
        yield f"{name}: carries an unknown object {kind!r}"
        return
    yield from _faults(_object_validator(kind), carried, name)
    yield from _previous(kind, body["data"].get("previous_attributes"), name)


def _previous(kind: str, previous: dict[str, Any] | None, name: str) -> Iterator[str]:
    declared = schemas.class_schema(sdk.object_classes()[kind], "json")["properties"]
    for field in previous or {}:
        if field not in declared:
            yield f"{name}: previous_attributes has {field!r}, which {kind} lacks"


@cache
def _validator(part: str, method: str, path: str) -> Draft202012Validator:
    operation = sdk.operation(method, path)
    make = schemas.params_schema if part == "params" else schemas.answer_schema
    return Draft202012Validator(make(operation), registry=REGISTRY)


@cache
def _object_validator(kind: str) -> Draft202012Validator:
    schema = {"$ref": schemas.uri(sdk.object_classes()[kind], "json")}
    return Draft202012Validator(schema, registry=REGISTRY)


@cache
def _error_validator() -> Draft202012Validator:
    return Draft202012Validator(ERROR, registry=REGISTRY)


# What was found without fault, by its repr, which tells a number from its digits as text: much goes
# through the doors again unchanged.
_faultless: set[tuple[int, str]] = set()


def _faults(validator: Draft202012Validator, instance: Any, name: str) -> Iterator[str]:
    seen = (id(validator), repr(instance))
    if seen in _faultless:
        return
    errors = list(validator.iter_errors(instance))
    if not errors:
        _faultless.add(seen)
    for error in errors:
        deepest = _deepest(error)
        where = ".".join(str(step) for step in deepest.absolute_path) or "(top)"
        yield f"{name}: {where}: {deepest.message[:300]}"


def _deepest(error: ValidationError) -> ValidationError:
    """The most telling error: inside a union, that of the option that came closest."""
    return best_match([error]) or error
