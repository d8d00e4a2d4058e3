"""Workers beside each other, and what is asked of whichever is free."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import suppress
from itertools import islice
from pathlib import Path
from queue import SimpleQueue
from typing import Any

OURS = Path(__file__).resolve().parent.parent.parent

IMPORT = "the import"

type Question = dict[str, Any]


class Ended(Exception):
    """A worker that did not answer."""


class Worker:
    def __init__(self, root: Path, files: list[str], planted: str = "") -> None:
        log = root / "var" / "mutants" / "workers.log"
        log.parent.mkdir(parents=True, exist_ok=True)
        self._log = log.open("a")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.mutants.worker", str(root), *files],
            cwd=root,
            env={**os.environ, "MUTANT": planted, "PYTHONPATH": str(OURS)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._log,
            text=True,
        )

    def ask(self, question: Question) -> Any:
        assert self._process.stdin
        assert self._process.stdout
        try:
            self._process.stdin.write(json.dumps(question) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise Ended from None
        if not (line := self._process.stdout.readline()):
            raise Ended
        return json.loads(line)

    def end(self) -> None:
        """At once, with whatever it runs."""
        self._process.terminate()
        self._process.wait()
        for each in (self._process.stdin, self._process.stdout, self._log):
            with suppress(BrokenPipeError):
                each.close()  # type: ignore[union-attr]


class Pool:
    """As many workers as asked for; questions are answered as they come."""

    def __init__(self, root: Path, files: list[str], jobs: int) -> None:
        self.root, self.jobs = root, jobs
        self._steady: set[str] = set()
        self._workers = [Worker(root, files) for _ in range(jobs)]
        self._free: SimpleQueue[Worker] = SimpleQueue()
        for worker in self._workers:
            self._free.put(worker)

    def answers(self, questions: Iterable[Question]) -> Iterator[tuple[Question, Any]]:
        waiting, threads = iter(questions), ThreadPoolExecutor(self.jobs)

        def more(count: int) -> dict[Future[Any], Question]:
            return {threads.submit(self._ask, each): each for each in islice(waiting, count)}

        left = more(self.jobs)
        try:
            while left:
                done, _ = wait(left, return_when=FIRST_COMPLETED)
                for each in done:
                    question = left.pop(each)
                    left |= more(1)
                    yield question, each.result()
        finally:
            threads.shutdown(wait=False, cancel_futures=True)

    def _ask(self, question: Question) -> Any:
        """Whoever finds a fault for the first time must pass without it, after the same tests."""
        answer = self._ask_once(question)
        if "cover" in question or answer.get("by") in {None, IMPORT, *self._steady}:
            return answer
        asked = [name for name, _ in question["tests"]]
        until = question["tests"][: asked.index(answer["by"]) + 1]
        proof = self._ask_once({"module": question["module"], "number": None, "tests": until})
        if proof["outcome"] != "survived":
            return {"outcome": "unsteady", "by": answer["by"]}
        self._steady.add(answer["by"])
        return answer

    def _ask_once(self, question: Question) -> Any:
        if question.get("at_import"):
            return self._ask_anew(question)
        worker = self._free.get()
        try:
            return worker.ask(question)
        finally:
            self._free.put(worker)

    def _ask_anew(self, question: Question) -> Any:
        """Of a worker that imports the fault. One that cannot even be imported is found."""
        files = sorted({name.split("::")[0] for name, _ in question["tests"]})
        worker = Worker(self.root, files, f"{question['module']}:{question['number']}")
        self._workers.append(worker)
        try:
            return worker.ask(question)
        except Ended:
            return {"outcome": "killed", "by": IMPORT}
        finally:
            self._workers.remove(worker)
            worker.end()

    def close(self) -> None:
        for worker in [*self._workers]:
            worker.end()
