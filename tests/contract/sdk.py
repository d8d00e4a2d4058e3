"""The source of the installed stripe package: its classes, its operations, its version.

Read with ast and never imported: the declarations are strings under TYPE_CHECKING, which no
runtime introspection resolves.
"""

import ast
import re
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path


def _root() -> Path:
    spec = find_spec("stripe")
    if spec is None or spec.origin is None:
        raise ModuleNotFoundError("stripe")
    return Path(spec.origin).parent


ROOT = _root()


class UnknownNameError(LookupError):
    """A name in an annotation that leads to no class."""


@dataclass(frozen=True)
class ClassRef:
    """A class of the SDK: its module below stripe, and its (possibly nested) name."""

    module: str
    name: str

    def __str__(self) -> str:
        return f"{self.module}:{self.name}"

    @classmethod
    def parse(cls, text: str) -> "ClassRef":
        return cls(*text.split(":"))


@dataclass(frozen=True)
class Operation:
    """One method of a service class."""

    method: str  # get, post, delete
    path: str  # /v1/customers/{customer}
    module: str
    params: ast.expr | None
    answer: ast.expr


@cache
def tree(module: str) -> ast.Module:
    return ast.parse((ROOT / (module.replace(".", "/") + ".py")).read_text())


@cache
def _imports(module: str) -> dict[str, ClassRef]:
    """What the module's names stand for, where they come from elsewhere in the package."""
    found = {}
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("stripe."):
            for alias in node.names:
                source = str(node.module).removeprefix("stripe.")
                found[alias.asname or alias.name] = ClassRef(source, alias.name)
    return found


def _inner(body: list[ast.stmt], name: str) -> ast.ClassDef | None:
    return next((n for n in body if isinstance(n, ast.ClassDef) and n.name == name), None)


@cache
def class_node(ref: ClassRef) -> ast.ClassDef:
    body = tree(ref.module).body
    node: ast.ClassDef | None = None
    for part in ref.name.split("."):
        node = _inner(body, part)
        if node is None:
            raise UnknownNameError(f"{ref} is not in the SDK")
        body = node.body
    if node is None:
        raise UnknownNameError(str(ref))
    return node


def resolve(name: str, within: ClassRef) -> ClassRef:
    """The class that `name` means inside the class `within`: innermost scope first."""
    scopes = within.name.split(".") if within.name else []
    for depth in range(len(scopes), 0, -1):
        outer = ClassRef(within.module, ".".join(scopes[:depth]))
        if _inner(class_node(outer).body, name):
            return ClassRef(within.module, f"{outer.name}.{name}")
    if _inner(tree(within.module).body, name):
        return ClassRef(within.module, name)
    if name in _imports(within.module):
        return _imports(within.module)[name]
    raise UnknownNameError(f"{name}, used in {within}")


@cache
def api_version() -> str:
    node = class_node(ClassRef("_api_version", "_ApiVersion"))
    values = {
        target.id: statement.value.value
        for statement in node.body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    return str(values["CURRENT"])


@cache
def object_classes() -> dict[str, ClassRef]:
    """The class of each value that an object's `object` field may have."""
    for statement in tree("_object_classes").body:
        if isinstance(statement, ast.AnnAssign) and isinstance(statement.value, ast.Dict):
            table: dict[str, tuple[str, str]] = ast.literal_eval(statement.value)
            return {
                name: ClassRef(module.removeprefix("stripe."), cls)
                for name, (module, cls) in table.items()
            }
    raise UnknownNameError("OBJECT_CLASSES")


@cache
def operation(method: str, path: str) -> Operation:
    """The operation behind a method and a path template; only files that name it are parsed."""
    for file, text in _services():
        if f'"{path}"' in text:
            module = file.relative_to(ROOT).with_suffix("").as_posix().replace("/", ".")
            for found in _operations(module):
                if (found.method, found.path) == (method, path):
                    return found
    raise UnknownNameError(f"{method.upper()} {path} is no operation of the SDK")


@cache
def _services() -> list[tuple[Path, str]]:
    files = sorted(f for f in ROOT.rglob("_*_service.py") if "/v2/" not in f.as_posix())
    return [(file, file.read_text()) for file in files]


@cache
def _operations(module: str) -> list[Operation]:
    found = []
    for node in ast.walk(tree(module)):
        if isinstance(node, ast.FunctionDef) and (call := _request_call(node)):
            verb, address = call.args[0], call.args[1]
            params = next((a.annotation for a in node.args.args if a.arg == "params"), None)
            if isinstance(verb, ast.Constant) and node.returns is not None:
                found.append(
                    Operation(str(verb.value), _path(address), module, params, node.returns)
                )
    return found


def _request_call(function: ast.FunctionDef) -> ast.Call | None:
    for node in ast.walk(function):
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr == "_request"
        ):
            return node
    return None


def _path(node: ast.expr) -> str:
    """ "/v1/customers" as such, or the constant before .format(…)."""
    match = re.search(r"""['"](/v\d/[^'"]*)['"]""", ast.unparse(node))
    return match.group(1) if match else ""
