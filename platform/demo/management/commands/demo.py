"""`manage.py demo`: fills the site with the demo content."""

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import transaction

from demo import (
    business,
    content,
    facts,
    people,
    publishing,
    selling,
    studying,
    talking,
    writing,
)
from demo.content import CONTENT
from payments import live_orders

Step = tuple[str, Callable[[], object]]


class Command(BaseCommand):
    help = "Publishes the demo content, its accounts and prices. Saying it twice changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--no-business",
            dest="business",
            action="store_false",
            help="nobody has bought anything yet",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if live_orders.exist():
            raise CommandError("There are live orders here: this is no place for a demo.")
        steps = list(self.steps())
        for number, (name, step) in enumerate(steps, start=1):
            self._show(number, len(steps), name)
            with transaction.atomic():
                step()
        if options["business"]:
            self._show(len(steps), len(steps), "the last weeks")
            selling.sell_the_bundle()
            business.tell()
            talking.say()
        selling.let_the_member_join()
        facts.write()
        self._show(len(steps), len(steps), "done", end="\n")

    def steps(self) -> list[Step]:
        """What is done, in order; each step is whole, so that an interruption costs one at most."""
        found: list[Step] = [
            ("subjects", publishing.publish_subjects),
            ("membership", publishing.publish_membership),
        ]
        for folder in publishing.course_folders():
            found.append((folder.name, partial(self._course, folder)))
            for path in publishing.lesson_files(folder):
                found.append((f"{folder.name}/{path.stem}", partial(self._lesson, path)))
        found += [
            (path.stem, partial(publishing.publish_article, path))
            for path in sorted((CONTENT / "articles").glob("*.md"))
        ]
        found += [
            (path.stem, partial(publishing.publish_track, path))
            for path in publishing.track_files()
        ]
        found.append(("pages", publishing.publish_texts))
        found.append(("home", publishing.publish_home))
        found += [
            (path.stem, partial(writing.send_letter, path)) for path in writing.letter_files()
        ]
        found.append(("prices", selling.set_prices))
        found += [(each.email, partial(people.make, each)) for each in people.CAST]
        found.append(("on the way", studying.set_out))
        return found

    def _course(self, folder: Path) -> None:
        publishing.publish_course(folder, publishing.publish_membership())

    def _lesson(self, path: Path) -> None:
        facts_of_course = content.read_toml(path.parent / "course.toml")
        publishing.publish_lesson(path, publishing.find_course(facts_of_course["slug"]))

    def _show(self, done: int, total: int, name: str, end: str = "") -> None:
        """A bar in the terminal, a line a step elsewhere."""
        bar = "█" * (20 * done // total) + "░" * (20 - 20 * done // total)
        if sys.stdout.isatty():
            self.stdout.write(f"\r  demo {bar} {name:<30}", ending=end)
            self.stdout.flush()
        elif end:
            self.stdout.write(f"  demo: {total} steps done")
