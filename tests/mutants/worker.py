"""A process that has imported the tests and made their databases, and forks for each question.

`python -m tests.mutants.worker ROOT FILE…` reads a question a line and answers in a line each:

- `{"cover": FILE}`: which lines of which modules each test of a file runs;
- `{"module": …, "number": …, "tests": […]}`: whether a test fails with that fault planted.

A fault inside a function is planted by giving the function that stands in memory the changed code:
decorated, bound or imported elsewhere, it is the same function. What is outside functions (a
constant, a default) is read at import by others too: the fault is planted before anything is
imported, by a process of its own (MUTANT in the environment, "module:number").

The data folder is put back before each fork, so each finds what the first found.
"""

import gc
import json
import os
import resource
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from importlib.machinery import SourceFileLoader
from pathlib import Path
from time import perf_counter
from types import CodeType, FunctionType
from typing import Any, NoReturn, TextIO, cast

import pytest
from _pytest.runner import runtestprotocol

from tests.mutants import operators

MEMORY = 4 * 1024**3
PATIENCE = 8  # seconds, and eight times what a test took


class Loop:
    """Instead of running the tests: answers."""

    def __init__(self, root: Path, questions: TextIO, answers: TextIO) -> None:
        self.root, self.questions, self.answers = root, questions, answers
        self.functions: dict[tuple[str, str, int], list[FunctionType]] = {}
        self.kept: Path | None = None

    def pytest_sessionstart(self) -> None:
        """On a busy machine a slow example is no fault."""
        import hypothesis

        hypothesis.settings.register_profile("mutants", deadline=None)
        hypothesis.settings.load_profile("mutants")

    @pytest.hookimpl(tryfirst=True)
    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.items = {item.nodeid: item for item in session.items}
        self._warm(session)
        for line in self.questions:
            question = json.loads(line)
            ask = self._cover if "cover" in question else self._try
            self._tell(self._in_a_fork(ask, question))
        self._end()
        return True

    def _end(self, child: int | None = None) -> NoReturn:
        if child:
            _kill_all_of(child)
        for folder in (self.kept, os.environ.get("DATA") if self.kept else None):
            if folder:
                shutil.rmtree(folder, ignore_errors=True)
        os._exit(0)

    def _tell(self, answer: Any) -> None:
        self.answers.write(json.dumps(answer) + "\n")
        self.answers.flush()

    def _warm(self, session: pytest.Session) -> None:
        """Databases made, addresses and templates read; then nothing is left open."""
        from_database = [item for item in session.items if _uses_database(item)]
        if from_database:
            runtestprotocol(from_database[0], nextitem=_none_but(session), log=False)
            _close_databases()
        data = os.environ.get("DATA")
        if data and from_database:
            self.kept = Path(tempfile.mkdtemp(prefix="rizhi-mutants-"))
            shutil.copytree(data, self.kept, dirs_exist_ok=True)
        gc.collect()
        for each in gc.get_objects():
            if type(each) is FunctionType:  # isinstance would wake lazy objects
                self.functions.setdefault(_key(each.__code__), []).append(each)
        gc.freeze()

    def _in_a_fork(self, ask: Callable[..., None], question: dict[str, Any]) -> Any:
        if self.kept:
            data = os.environ["DATA"]
            shutil.rmtree(data)
            shutil.copytree(self.kept, data)
        with tempfile.NamedTemporaryFile("w+") as told:
            child = os.fork()
            if child == 0:
                os.setpgid(0, 0)
                signal.signal(signal.SIGTERM, signal.SIG_DFL)
                resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
                try:
                    ask(question, told)
                    told.flush()
                finally:
                    os._exit(0)
            signal.signal(signal.SIGTERM, lambda *_: self._end(child))
            _, status = os.waitpid(child, 0)
            signal.signal(signal.SIGTERM, lambda *_: self._end())
            _kill_all_of(child)  # what a test left running
            told.seek(0)
            lines = [json.loads(line) for line in told.read().splitlines()]
        if "cover" in question:
            return lines
        outcome = lines[-1] if lines else {"outcome": "died"}
        if os.WIFSIGNALED(status):
            timed_out = os.WTERMSIG(status) == signal.SIGALRM
            outcome = {**outcome, "outcome": "timeout" if timed_out else "died"}
        return outcome

    # --- in the fork -----------------------------------------------------------------------------

    def _cover(self, question: dict[str, Any], told: TextIO) -> None:
        items = [i for i in self.items.values() if i.nodeid.split("::")[0] == question["cover"]]
        with Lines(self.root, question["modules"]) as lines:
            for item, following in _in_turn(items):
                lines.begin()
                began = perf_counter()
                reports = runtestprotocol(item, nextitem=following, log=False)
                row = {
                    "test": item.nodeid,
                    "seconds": round(perf_counter() - began, 3),
                    "passed": all(report.passed for report in reports),
                    "failed": any(report.failed for report in reports),
                    "by_itself": not _is_transactional(item),
                    "lines": lines.seen(),
                }
                print(json.dumps(row), file=told, flush=True)

    def _try(self, question: dict[str, Any], told: TextIO) -> None:
        if question["number"] is not None and not os.environ.get("MUTANT"):
            self._plant(question["module"], question["number"])
        asked = [(self.items[name], seconds) for name, seconds in question["tests"]]
        seconds_of = {item.nodeid: seconds for item, seconds in asked}
        for item, following in _in_turn([item for item, _ in asked]):
            print(json.dumps({"outcome": "died", "by": item.nodeid}), file=told, flush=True)
            signal.alarm(int(PATIENCE + PATIENCE * seconds_of[item.nodeid]))
            reports = runtestprotocol(item, nextitem=following, log=False)
            signal.alarm(0)
            if any(report.failed for report in reports):
                print(json.dumps({"outcome": "killed", "by": item.nodeid}), file=told, flush=True)
                os._exit(0)
        print(json.dumps({"outcome": "survived"}), file=told, flush=True)

    def _plant(self, module: str, number: int) -> None:
        path = self.root / module
        tree, place = operators.apply(path.read_text(), number)
        assert place.function is not None
        keys = [
            (place.function.name, line)
            for line in (place.function.lineno, *(d.lineno for d in place.function.decorator_list))
        ]
        new = [
            code
            for code in _codes(compile(tree, str(path), "exec"))
            if (code.co_name, code.co_firstlineno) in keys
        ]
        old = [each for code in new for each in self.functions.get(_key(code), [])]
        if not old:
            raise LookupError(f"{place.owner} of {module} is nowhere in memory")
        for code in new:
            for each in self.functions.get(_key(code), []):
                each.__code__ = code


class Lines:
    """Which lines of some modules run, each told once a test."""

    TOOL = 4

    def __init__(self, root: Path, modules: list[str]) -> None:
        self.names = {str(root / module): module for module in modules}
        self._seen: dict[str, set[int]] = {}

    def __enter__(self) -> "Lines":
        see, events = sys.monitoring, sys.monitoring.events
        see.use_tool_id(self.TOOL, "mutants")
        see.register_callback(self.TOOL, events.PY_START, self._starts)
        see.register_callback(self.TOOL, events.LINE, self._line)
        see.set_events(self.TOOL, events.PY_START)
        return self

    def __exit__(self, *_: object) -> None:
        sys.monitoring.free_tool_id(self.TOOL)

    def begin(self) -> None:
        self._seen = {}
        sys.monitoring.restart_events()

    def seen(self) -> dict[str, list[int]]:
        return {self.names[name]: sorted(lines) for name, lines in self._seen.items()}

    def _starts(self, code: CodeType, offset: int) -> object:
        if code.co_filename in self.names:
            sys.monitoring.set_local_events(self.TOOL, code, sys.monitoring.events.LINE)
        return sys.monitoring.DISABLE

    def _line(self, code: CodeType, line: int) -> object:
        self._seen.setdefault(code.co_filename, set()).add(line)
        return sys.monitoring.DISABLE


def _in_turn(items: list[pytest.Item]) -> Iterator[tuple[pytest.Item, pytest.Item]]:
    yield from zip(items, [*items[1:], _none_but(items[0].session)], strict=True)


def _none_but(session: pytest.Session) -> pytest.Item:
    """As the next test: all is put away but what the whole session shares, the databases."""
    return cast(pytest.Item, session)


def _codes(code: CodeType) -> Iterator[CodeType]:
    yield code
    for each in code.co_consts:
        if isinstance(each, CodeType):
            yield from _codes(each)


def _key(code: CodeType) -> tuple[str, str, int]:
    return code.co_filename, code.co_qualname, code.co_firstlineno


def _kill_all_of(group: int) -> None:
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)


def _uses_database(item: pytest.Item) -> bool:
    return item.get_closest_marker("django_db") is not None


def _is_transactional(item: pytest.Item) -> bool:
    """Whether it empties the database after itself."""
    marker = item.get_closest_marker("django_db")
    wants = {"transactional_db", "live_server"} & set(getattr(item, "fixturenames", ()))
    return bool(wants or (marker and marker.kwargs.get("transaction")))


def _close_databases() -> None:
    from django.db import connections

    connections.close_all()


def _plant_at_import(root: Path, module: str, number: int) -> None:
    path = str(root / module)
    tree, _ = operators.apply(Path(path).read_text(), number)
    usual = SourceFileLoader.get_code

    def changed(loader: SourceFileLoader, name: str) -> CodeType | None:
        if loader.get_filename(name) == path:
            return compile(tree, path, "exec")
        return usual(loader, name)

    SourceFileLoader.get_code = changed  # type: ignore


def main(root: Path, files: list[str]) -> int:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # who asks ends us
    questions, answers = os.fdopen(os.dup(0)), os.fdopen(os.dup(1), "w")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2, 1)  # what pytest says
    if planted := os.environ.get("MUTANT"):
        module, number = planted.split(":")
        _plant_at_import(root, module, int(number))
    arguments = ["-p", "no:cacheprovider", "-p", "no:xdist", "-s", "--rootdir", str(root), *files]
    return int(pytest.main(arguments, plugins=[Loop(root, questions, answers)]))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), sys.argv[2:]))
