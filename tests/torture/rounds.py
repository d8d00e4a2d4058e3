"""A round: the crowd is there, some things are killed; then the site recovers and is looked at."""

import random
import time
from collections import Counter
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.db import DatabaseError, connections
from django_tasks_db.models import DBTaskResult, get_date_max

from operations import clock, translations
from payments import reconciliation
from payments.sandbox import outbox
from tests.torture import facts, filling, world
from tests.torture.facts import Acknowledged
from tests.torture.load import Browser, Courier, Crowd
from tests.torture.standing import Standing

RECOVERY = 120.0  # seconds
LATER = timedelta(minutes=3)  # what the sweep leaves to the webhooks
CONTROL_KILLS = 2
FROM_LOAD = 0.8
WEIGHTS = [5, 1, 2, 3, 1]  # of the ways, in their order: those that are quickly over more often
Show = Callable[[int, int, str], None]


class Rounds:
    def __init__(self, standing: Standing, dice: random.Random, show: Show) -> None:
        self.standing, self.dice, self.show = standing, dice, show
        self.killed: Counter[str] = Counter()
        self.answers: Counter[str] = Counter()
        self.acknowledged = 0
        self.violations: list[str] = []
        self.differences = 0
        self.slowest = 0.0
        self.caught = False

    def prepare(self) -> None:
        translations.compile_stale(settings.LOCALE_PATHS)
        for alias in connections:
            filling.fill(alias)
        self.standing.start()
        self.world = world.make(self.standing.port)
        self.standing.wait()

    def play(self, kills: int, *, of: int) -> None:
        told = self._round(kills, of=of)
        began = time.monotonic()
        self.violations = self._after(told)
        self.slowest = max(self.slowest, time.monotonic() - began)

    def control(self) -> None:
        """The same with a site that is broken on purpose: the loss must be seen."""
        self.standing.break_web()
        self.standing.wait()
        told = Acknowledged()
        with Crowd(self.world.people(told, self.dice)):
            for _ in range(CONTROL_KILLS):
                self._wait_for_beats(told, 4)
                self.standing.kill_all_of_web()
        self.caught = any("lost" in each for each in self._after(told))

    def report(self) -> dict[str, object]:
        return {
            "kills": dict(self.killed),
            "acknowledged": self.acknowledged,
            "answers": dict(self.answers),
            "slowest recovery": f"{self.slowest:.1f} s",
            "mended by sweep": self.differences,
            "violations": self.violations,
            "control": "the broken site was caught" if self.caught else "",
        }

    def _round(self, kills: int, *, of: int) -> Acknowledged:
        told = Acknowledged()
        ways = self.standing.ways()
        with Crowd(self.world.people(told, self.dice)):
            for _ in range(kills):
                # Mostly into the full load, now and then into the recovery from the last one.
                if self.dice.random() < FROM_LOAD or not told.heard:
                    self._wait_for_beats(told, 1)
                time.sleep(self.dice.uniform(0.0, 0.5))
                way = self.dice.choices(list(ways), WEIGHTS[: len(ways)])[0]
                self.show(self.killed.total(), of, way)
                ways[way](self.dice)
                self.killed[way] += 1
        self.acknowledged += told.count()
        self.answers.update(told.answers)
        return told

    def _after(self, told: Acknowledged) -> list[str]:
        """The site has time to recover; then everything that is not as it must be."""
        connections.close_all()
        self.standing.wait()
        courier = Courier(Browser(self.standing.port, told), self.dice, told)
        clock.move(LATER)
        for _ in range(2):
            outbox.deliver_due(courier.send, clock.now())
            if not self._wait_for_jobs():
                return ["the queue is never empty: lost or stuck jobs"]
            self.differences += reconciliation.sweep_all(now=clock.now()).mended
        if not self._wait_for_jobs():
            return ["the queue is never empty: lost or stuck jobs"]
        return facts.violations(told, self._is_signed_in)

    def _is_signed_in(self, session: str) -> bool:
        browser = Browser(self.standing.port, Acknowledged(), {"sessionid": session})
        return browser.get("/account/").status == 200

    def _wait_for_beats(self, told: Acknowledged, more: int) -> None:
        enough = len(told.heard) + more
        self._wait(lambda: len(told.heard) >= enough)

    def _wait_for_jobs(self) -> bool:
        """Until the queue is empty. What is tried again later is tried now."""
        return self._wait(self._has_no_jobs)

    def _has_no_jobs(self) -> bool:
        try:
            DBTaskResult.objects.filter(status="READY").update(run_after=get_date_max())
            return not DBTaskResult.objects.filter(status__in=["READY", "RUNNING"]).exists()
        except DatabaseError:
            connections.close_all()
            return False

    def _wait(self, condition: Callable[[], bool]) -> bool:
        end = time.monotonic() + RECOVERY
        while not condition():
            if time.monotonic() > end:
                return False
            time.sleep(0.1)
        return True
