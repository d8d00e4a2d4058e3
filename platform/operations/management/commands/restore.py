"""`manage.py restore SOURCE`: a backup put back, and brought up to what happened since."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management import call_command, get_commands
from django.core.management.base import BaseCommand, CommandError
from django.db import connections

from operations import archive, dumps, preparation, restoring
from operations.archive import Manifest
from operations.progress_bar import Bar


class Command(BaseCommand):
    help = "Puts a backup back (the site must not run), then asks Stripe what happened since."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("source", type=Path, help="what `manage.py backup` wrote")
        parser.add_argument(
            "--replace", action="store_true", help="in the place of the site that is here"
        )
        parser.add_argument(
            "--keep-sandbox",
            action="store_true",
            help="leave the sandbox as it is: like Stripe itself it forgets nothing",
        )
        parser.add_argument(
            "--deletions",
            type=Path,
            action="append",
            default=[],
            metavar="FILE",
            help="a list of deleted accounts that was kept elsewhere; may be said several times",
        )

    def handle(self, *, source: Path, deletions: list[Path], **options: Any) -> None:
        try:
            ledger = [line for file in deletions for line in file.read_text().splitlines()]
            with restoring.opened(source) as (tar, manifest):
                self._put_back(tar, manifest, **options)
        except KeyboardInterrupt:
            raise CommandError("Broken off; say it again with --replace.", returncode=130) from None
        except archive.Damaged as error:
            raise CommandError(f"{source}: {error}. Nothing was changed.") from error
        except (restoring.Refused, dumps.DumpFailed, OSError) as error:
            raise CommandError(str(error)) from error
        restoring.add_to_ledger(ledger)
        for alias in preparation.migrate_what_is_due():
            self.stdout.write(f"The {alias} database is brought to this version.")
        self._catch_up(manifest)

    def _put_back(
        self,
        tar: Any,
        manifest: Manifest,
        *,
        replace: bool,
        keep_sandbox: bool,
        **options: Any,
    ) -> None:
        aliases = restoring.aliases_of(manifest, keep_sandbox=keep_sandbox)
        restoring.refuse_what_does_not_fit(manifest, aliases, replace=replace)
        with Bar(self.stderr) as bar, preparation.lock_data_folder():
            archive.verify(tar, manifest, bar.show)
            restoring.put_back(tar, manifest, aliases, show=bar.show)
        self.stdout.write(f"Restored from {manifest.made_at}: {', '.join(aliases)}.")
        if manifest.files == "elsewhere":
            self.stdout.write("The files are in the object store: they were not in the backup.")
        if left_out := set(manifest.databases) - set(aliases):
            self.stdout.write(f"Left as it is: {', '.join(sorted(left_out))}.")

    def _catch_up(self, manifest: Manifest) -> None:
        """First what was paid, then who asked to be forgotten: what a person had bought before
        would otherwise look as if it had been paid by nobody."""
        known = get_commands()
        if "reconcile" in known:
            try:
                call_command("reconcile", since=manifest.made_at, stdout=self.stdout)
            except CommandError as error:
                self.stderr.write(
                    f"{error}\nBefore the site opens: "
                    f"manage.py reconcile --since {manifest.made_at}"
                )
        if "replay_deletions" in known:
            call_command("replay_deletions", stdout=self.stdout)
        for connection in connections.all():
            connection.close()
