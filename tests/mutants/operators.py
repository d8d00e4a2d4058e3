"""The small faults that are planted in a module, each by a number.

Left out, because no behaviour hangs on them: texts (messages, log lines, docstrings, `__str__`),
types and annotations, decorators, what a query loads ahead, the fields and Meta of models (the
migrations hold these), and `select_for_update`, which SQLite does not know (tests on PostgreSQL
hold the locks).
"""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass

type Node = ast.AST

COMPARED: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
RECKONED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.Div: ast.Mult,
    ast.FloorDiv: ast.Mult,
    ast.Mod: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
SWAPPED_METHODS = {"filter": "exclude", "exclude": "filter"}
SWAPPED_FUNCTIONS = {"min": "max", "max": "min", "any": "all", "all": "any"}
WITH_CONDITIONS = {"filter", "exclude", "get", "Q", "update", "get_object_or_404"}
LEFT_OUT_OF_A_CHAIN = {"order_by", "distinct"}
TEXTS = {"_", "gettext", "gettext_lazy", "ngettext", "ngettext_lazy", "pgettext", "pgettext_lazy"}
LOGS = {"logger", "logging", "log"}
NAMING = {"verbose_name", "verbose_name_plural", "help_text", "label", "short_description"}
UNSEEN = {"annotation", "returns", "decorator_list", "type_params", "type_comment", "bases"}
TELLING = {"__str__", "__repr__"}


@dataclass(frozen=True)
class Place:
    """Where a node stands."""

    function: ast.FunctionDef | None = None  # the outermost one whose body holds it
    owner: str = ""  # what holds it, as people write it: Order.is_live
    lines: tuple[int, int] = (0, 0)  # of its statement, or of a compound one's head
    assigns: tuple[str, ...] = ()  # names its statement binds, outside functions


@dataclass(frozen=True)
class Mutant:
    number: int
    place: Place
    before: str
    after: str
    plant: Callable[[], None]


def apply(source: str, number: int) -> tuple[ast.Module, Place]:
    """The module with one fault planted, and where."""
    tree = ast.parse(source)
    mutant = next(each for each in mutants_of(tree) if each.number == number)
    mutant.plant()
    return ast.fix_missing_locations(tree), mutant.place


def mutants_of(tree: ast.Module) -> list[Mutant]:
    found: list[Mutant] = []
    for parent, field, position, node, place in _walk(tree, Place()):
        for new in _faults(node):
            found.append(
                Mutant(
                    number=len(found),
                    place=place,
                    before=_short(node),
                    after=_short(new),
                    plant=_planting(parent, field, position, new),
                )
            )
    return found


def _planting(parent: Node, field: str, position: int | None, new: Node) -> Callable[[], None]:
    def plant() -> None:
        if position is None:
            setattr(parent, field, new)
        else:
            getattr(parent, field)[position] = new

    return plant


def _short(node: Node) -> str:
    if isinstance(node, ast.If | ast.While):
        node = node.test
    return " ".join(ast.unparse(node).split())[:100]


type Step = tuple[Node, str, int | None, Node, Place]


def _walk(parent: Node, place: Place) -> Iterator[Step]:
    for field, value in ast.iter_fields(parent):
        if field in UNSEEN:
            continue
        for position, node in enumerate(value) if isinstance(value, list) else [(None, value)]:
            if isinstance(node, ast.AST) and not _is_text(node):
                inside = _place_of(node, _around(parent, node, place))
                if inside is not None:
                    yield parent, field, position, node, inside
                    yield from _walk(node, inside)


def _around(parent: Node, node: Node, place: Place) -> Place:
    """A function's defaults are reckoned before it runs."""
    if isinstance(parent, ast.FunctionDef) and isinstance(node, ast.arguments):
        whole = (parent.body[0].lineno, parent.body[-1].end_lineno or 0)
        return Place(None if place.function is parent else place.function, place.owner, whole)
    return place


def _is_text(node: Node) -> bool:
    if isinstance(node, ast.Expr):
        return isinstance(node.value, ast.Constant) or _is_text(node.value)
    if isinstance(node, ast.keyword):
        return node.arg in NAMING
    if isinstance(node, ast.Call):
        by = node.func
        if isinstance(by, ast.Attribute) and isinstance(by.value, ast.Name):
            return by.value.id in LOGS
        if isinstance(by, ast.Attribute) and by.attr == "select_for_update":
            return True
        return isinstance(by, ast.Name) and by.id in TEXTS
    return isinstance(node, ast.JoinedStr | ast.TypeAlias | ast.Import | ast.ImportFrom)


def _place_of(node: Node, place: Place) -> Place | None:
    """Where what is inside stands; None where nothing is planted."""
    if isinstance(node, ast.ClassDef):
        if node.name == "Meta":
            return None
        return Place(place.function, f"{place.owner}.{node.name}".strip("."))
    if isinstance(node, ast.FunctionDef):
        if node.name in TELLING:
            return None
        owner = f"{place.owner}.{node.name}".strip(".")
        return Place(place.function or node, owner, (node.lineno, node.body[0].lineno - 1))
    if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
        return None
    if isinstance(node, ast.stmt):
        lines = _lines_of(node)
        return Place(place.function, place.owner, lines, place.assigns or _bound(node))
    return place


def _lines_of(node: ast.stmt) -> tuple[int, int]:
    body = getattr(node, "body", None)
    last = body[0].lineno - 1 if body else node.end_lineno
    return node.lineno, max(node.lineno, last or 0)


def _bound(node: ast.stmt) -> tuple[str, ...]:
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return tuple(each.id for each in targets if isinstance(each, ast.Name))


def _faults(node: Node) -> Iterator[Node]:
    if isinstance(node, ast.Compare):
        yield from _other_comparisons(node)
    elif isinstance(node, ast.BoolOp):
        other = ast.Or() if isinstance(node.op, ast.And) else ast.And()
        yield _like(node, op=other)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
        yield node.operand
    elif isinstance(node, ast.BinOp | ast.AugAssign):
        if type(node.op) in RECKONED and not _joins(node):
            yield _like(node, op=RECKONED[type(node.op)]())
    elif isinstance(node, ast.Constant):
        yield from _other_constants(node)
    elif isinstance(node, ast.If | ast.IfExp | ast.While):
        if not isinstance(node.test, ast.Compare | ast.BoolOp | ast.UnaryOp):
            yield _like(node, test=ast.UnaryOp(ast.Not(), node.test))
    elif isinstance(node, ast.Call):
        yield from _other_calls(node)
    yield from _left_out(node)


def _like(node: Node, **changed: object) -> Node:
    new = copy.copy(node)
    for name, value in changed.items():
        setattr(new, name, value)
    return new


def _other_comparisons(node: ast.Compare) -> Iterator[Node]:
    for position, op in enumerate(node.ops):
        ops = [*node.ops]
        ops[position] = COMPARED[type(op)]()
        yield _like(node, ops=ops)


def _joins(node: ast.BinOp | ast.AugAssign) -> bool:
    """Texts or dictionaries, which know no other operation: any test sees the error."""
    sides = [node.left, node.right] if isinstance(node, ast.BinOp) else [node.value]
    return any(
        _is_text(side)
        or isinstance(side, ast.Dict | ast.DictComp)
        or (isinstance(side, ast.IfExp) and isinstance(side.orelse, ast.Dict))
        or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in sides
    )


def _other_constants(node: ast.Constant) -> Iterator[Node]:
    if isinstance(node.value, bool):
        yield _like(node, value=not node.value)
    elif isinstance(node.value, int):
        yield _like(node, value=node.value + 1)


def _other_calls(node: ast.Call) -> Iterator[Node]:
    by = node.func
    name = by.attr if isinstance(by, ast.Attribute) else getattr(by, "id", "")
    if isinstance(by, ast.Attribute) and name in SWAPPED_METHODS:
        yield _like(node, func=_like(by, attr=SWAPPED_METHODS[name]))
    if isinstance(by, ast.Name) and name in SWAPPED_FUNCTIONS:
        yield _like(node, func=_like(by, id=SWAPPED_FUNCTIONS[name]))
    if name in WITH_CONDITIONS:
        for position in range(len(node.keywords)):
            rest = [*node.keywords[:position], *node.keywords[position + 1 :]]
            yield _like(node, keywords=rest)
    if name in LEFT_OUT_OF_A_CHAIN and isinstance(by, ast.Attribute):
        yield by.value


def _left_out(node: Node) -> Iterator[Node]:
    """A step that is not taken."""
    if isinstance(node, ast.Continue):
        yield ast.copy_location(ast.Break(), node)
    elif isinstance(node, ast.Break):
        yield ast.copy_location(ast.Continue(), node)
    elif (
        isinstance(node, ast.Raise | ast.AugAssign)
        or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) and not _locks(node))
        or (isinstance(node, ast.Assign) and not _binds(node))
    ):
        yield ast.copy_location(ast.Pass(), node)


def _locks(node: ast.Expr) -> bool:
    """`payer.lock()`, or a `select_for_update` whose row nobody takes."""
    calls = [each.func for each in ast.walk(node) if isinstance(each, ast.Call)]
    names = {each.attr for each in calls if isinstance(each, ast.Attribute)}
    return bool(names & {"lock", "select_for_update"})


def _binds(node: ast.Assign) -> bool:
    """Whether a name would be unknown without it, which every test sees."""
    return any(isinstance(each, ast.Name) for target in node.targets for each in _parts(target))


def _parts(target: ast.expr) -> list[ast.expr]:
    return target.elts if isinstance(target, ast.Tuple) else [target]
