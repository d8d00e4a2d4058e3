"""JSON Schemas (draft 2020-12) made from the SDK's annotations, one class at a time.

References are left open and filled when a validator first meets them, so that a run pays only for
the classes it touches. There are two flavours: `json` for what Stripe answers, and `form` for what
it is sent, where numbers and booleans are strings.
"""

import ast
from functools import cache
from typing import Any, Literal

from referencing import Registry, Resource
from referencing.exceptions import NoSuchResource

from tests.contract import sdk
from tests.contract.sdk import ClassRef, Operation

Flavour = Literal["json", "form"]
Schema = dict[str, Any]

SCALARS: dict[Flavour, dict[str, Schema]] = {
    "json": {
        "str": {"type": "string"},
        "int": {"type": "integer"},
        "float": {"type": "number"},
        "bool": {"type": "boolean"},
        "Decimal": {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"},
        "Any": {},
        "object": {},
    },
    "form": {
        "str": {"type": "string", "minLength": 1},
        "int": {"type": "string", "pattern": r"^-?\d+$"},
        "float": {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"},
        "bool": {"enum": ["true", "false"]},
        "Decimal": {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"},
        "Any": {},
        "object": {},
    },
}
WRAPPERS = {"NotRequired", "Required", "Final"}


def schema_of(annotation: ast.expr, within: ClassRef, flavour: Flavour) -> Schema:
    """The schema of one annotation that stands inside a class."""

    def inner(node: ast.expr) -> Schema:
        return schema_of(node, within, flavour)

    match annotation:
        case ast.Constant(value=str(text)):
            return inner(ast.parse(text, mode="eval").body)
        case ast.Constant(value=None):
            return {"type": "null"}
        case ast.Name(id=name) if name in SCALARS[flavour]:
            return SCALARS[flavour][name]
        case ast.Name(id="UntypedStripeObject" | "dict" | "Dict" | "StripeObject"):
            return {"type": "object"}
        case ast.Name(id=name):
            return {"$ref": uri(sdk.resolve(name, within), flavour)}
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _union([inner(left), inner(right)], flavour)
        case ast.Subscript(value=ast.Name(id=head), slice=content):
            parts = content.elts if isinstance(content, ast.Tuple) else [content]
            return _generic(head, parts, within, flavour)
    raise NotImplementedError(f"{ast.unparse(annotation)} in {within}")


def _generic(head: str, parts: list[ast.expr], within: ClassRef, flavour: Flavour) -> Schema:
    if head == "Literal":
        return {"enum": [ast.literal_eval(part) for part in parts]}
    inner = [schema_of(part, within, flavour) for part in parts]
    if head in WRAPPERS:
        return inner[0]
    if head == "Optional":
        return _union([inner[0], {"type": "null"}], flavour)
    if head == "Union":
        return _union(inner, flavour)
    if head in {"List", "Sequence"}:
        return {"type": "array", "items": inner[0]}
    if head in {"Dict", "Mapping", "UntypedStripeObject"}:
        # In a form, an emptied value takes the key away.
        value = {"type": "string"} if inner[-1] == SCALARS["form"]["str"] else inner[-1]
        return {"type": "object", "additionalProperties": value}
    if head == "ExpandableField":
        return _union([{"type": "string"}, inner[0]], flavour)
    if head == "ListObject":
        return _list_of(inner[0])
    raise NotImplementedError(f"{head}[…] in {within}")


def _list_of(item: Schema) -> Schema:
    return {
        "type": "object",
        "properties": {
            "object": {"const": "list"},
            "data": {"type": "array", "items": item},
            "has_more": {"type": "boolean"},
            "url": {"type": "string"},
            "total_count": {"type": "integer"},
        },
        "required": ["object", "data", "has_more", "url"],
        "additionalProperties": False,
    }


def _union(options: list[Schema], flavour: Flavour) -> Schema:
    """The options, flattened. Open enumerations (Literal[…] or any str) count as closed ones:
    the SDK opens them for values of the future, and here only today's are right. A union with
    the empty string means "or unset" instead, and keeps its str."""
    flat: list[Schema] = []
    for option in options:
        flat += option["anyOf"] if set(option) == {"anyOf"} else [option]
    if any("enum" in option and option["enum"] != [""] for option in flat):
        flat = [option for option in flat if option != SCALARS[flavour]["str"]]
    return flat[0] if len(flat) == 1 else {"anyOf": flat}


def uri(ref: ClassRef, flavour: Flavour) -> str:
    return f"urn:{flavour}:{ref}"


@cache
def class_schema(ref: ClassRef, flavour: Flavour) -> Schema:
    """An object with exactly the fields that the class declares."""
    properties: dict[str, Schema] = {}
    required = []
    for statement in sdk.class_node(ref).body:
        if not isinstance(statement, ast.AnnAssign) or not isinstance(statement.target, ast.Name):
            continue
        name, annotation = statement.target.id, ast.unparse(statement.annotation)
        if name.startswith("_") or annotation.startswith("ClassVar"):
            continue
        properties[name] = schema_of(statement.annotation, ref, flavour)
        if not annotation.startswith(("NotRequired", "Optional")):
            required.append(name)
    return {
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": False,
    }


@cache
def _resource(address: str) -> "Resource[Schema]":
    _urn, flavour, name = address.split(":", 2)
    if flavour not in SCALARS:
        raise NoSuchResource(address)
    schema = class_schema(ClassRef.parse(name), "json" if flavour == "json" else "form")
    # Opaque: there is nothing in it to look for beforehand, and a look costs more than the check.
    return Resource.opaque(schema)


# Filled as validators ask.
REGISTRY: Any = Registry(retrieve=_resource)  # type: ignore[call-arg]  # attrs, unseen by mypy


def params_schema(operation: Operation) -> Schema:
    if operation.params is None:
        return {"type": "object", "additionalProperties": False}
    inside = ClassRef(operation.module, "")
    schema = schema_of(operation.params, inside, "form")
    return next(option for option in schema.get("anyOf", [schema]) if "$ref" in option)


def answer_schema(operation: Operation) -> Schema:
    return schema_of(operation.answer, ClassRef(operation.module, ""), "json")
