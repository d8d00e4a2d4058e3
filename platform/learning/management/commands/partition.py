"""`manage.py partition`: parts the large tables of study by learner (PostgreSQL)."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from learning import partitions


class Command(BaseCommand):
    help = "Parts play sessions, progress, study days and the ledger by learner. Once is enough."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--parts", type=int, default=partitions.PARTS, metavar="NUMBER")

    def handle(self, *, parts: int, **options: Any) -> None:
        for table in partitions.TABLES:
            try:
                done = partitions.part(table, parts=parts)
            except partitions.NotPossible as error:
                raise CommandError(str(error)) from error
            self.stdout.write(f"{table}: " + (f"{parts} parts" if done else "was parted already"))
