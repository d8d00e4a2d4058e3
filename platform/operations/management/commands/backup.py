"""`manage.py backup TARGET`: everything that is missed when it is gone, in one file."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from operations import archive, dumps
from operations.progress_bar import Bar


class Command(BaseCommand):
    help = "Writes databases, files and secrets into one file, while the site runs."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "target", type=Path, help="a file, or a folder in which one is named by the time"
        )

    def handle(self, *, target: Path, **options: Any) -> None:
        now = timezone.now()
        if target.is_dir():
            target /= f"rizhi-{now:%Y%m%dT%H%M%SZ}.tar"
        try:
            with Bar(self.stderr) as bar:
                manifest = archive.make(target, now=now, show=bar.show)
        except KeyboardInterrupt:
            raise CommandError("Broken off; no backup was written.", returncode=130) from None
        except (dumps.DumpFailed, OSError) as error:
            raise CommandError(f"No backup was written: {error}") from error
        self.stdout.write(f"{target}: {', '.join(manifest.databases)}, {_files(manifest)}.")
        self.stdout.write("It holds secrets and people's data: keep it where only you can read it.")


def _files(manifest: archive.Manifest) -> str:
    if manifest.files == "elsewhere":
        return "no files (they are in the object store, which keeps its own versions)"
    number = sum(name.startswith("files/") for name in manifest.checksums)
    return f"{number} files"
