"""Which texts our code and templates ask to have translated, found without gettext's tools."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from django.utils.translation.template import templatize

# Name of the function → position of the text among its arguments.
FUNCTIONS = {
    "_": 0,
    "gettext": 0,
    "gettext_lazy": 0,
    "gettext_noop": 0,
    "ngettext": 0,
    "ngettext_lazy": 0,
    "pgettext": 1,
    "pgettext_lazy": 1,
    "npgettext": 1,
    "npgettext_lazy": 1,
}
_CALL = re.compile(rf"(?<![\w.])({'|'.join(FUNCTIONS)})\(")


def in_python(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            yield from _text_of(node)


def in_template(path: Path) -> Iterator[str]:
    """Django turns a template into calls; each is read as Python."""
    source = templatize(path.read_text(), origin=str(path))
    for found in _CALL.finditer(source):
        for end in re.finditer(r"\)", source[found.end() :]):
            try:
                call = ast.parse(source[found.start() : found.end() + end.end()], mode="eval").body
            except SyntaxError:
                continue
            if isinstance(call, ast.Call):
                yield from _text_of(call)
            break


def _text_of(call: ast.Call) -> Iterator[str]:
    name = call.func.id if isinstance(call.func, ast.Name) else ""
    position = FUNCTIONS.get(name)
    if position is None or len(call.args) <= position:
        return
    text = call.args[position]
    if isinstance(text, ast.Constant) and isinstance(text.value, str):
        context = call.args[0]
        if position and isinstance(context, ast.Constant):
            yield f"{context.value!s}\x04{text.value}"
        else:
            yield text.value
