"""A backup put back in its place. Everything is looked at before anything is changed."""

import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory

from django.conf import settings
from django.core.cache import cache
from django.db import connections
from django.db.migrations.loader import MigrationLoader

from operations import archive, dumps
from operations.archive import Manifest, Show

LEDGER = "deletions.jsonl"
SANDBOX = "sandbox"


class Refused(Exception):
    """The backup does not fit, or something is in its place; nothing was changed."""


@contextmanager
def opened(source: Path) -> Iterator[tuple[tarfile.TarFile, Manifest]]:
    """A backup with its manifest. Raises archive.Damaged."""
    with suppress(tarfile.TarError), tarfile.open(source, "r:") as tar:
        yield tar, archive.read_manifest(tar)
        return
    raise archive.Damaged("it is no whole backup of this site")


def refuse_what_does_not_fit(manifest: Manifest, aliases: list[str], *, replace: bool) -> None:
    """Raises Refused, archive.Damaged."""
    for name in _uploads(manifest):
        _place_of(name)
    if manifest.format > archive.FORMAT:
        raise Refused("The backup was made by a newer version of the site.")
    for alias in aliases:
        described = manifest.databases[alias]
        if described["engine"] != dumps.engine(alias):
            engines = (described["engine"], dumps.engine(alias))
            raise Refused("The backup is of {}; this database is {}.".format(*engines))
        if unknown := _unknown(described["migrations"]):
            raise Refused(
                "The backup was made by a newer version of the site, or one with more in it: "
                f"{unknown[0]} is not known here."
            )
    taken = [alias for alias in aliases if not dumps.is_empty(alias)]
    if not replace and (taken or any(Path(settings.MEDIA_ROOT).glob("*"))):
        raise Refused("There is a site here already. --replace puts the backup in its place.")


def _unknown(migrations: list[str]) -> list[str]:
    """Those this code does not have, of the apps it has (and of none it has not)."""
    loader = MigrationLoader(None)
    known = {f"{app}.{name}" for app, name in loader.disk_migrations}
    for (app, _), migration in loader.disk_migrations.items():
        known |= {f"{app}.{name}" for _, name in migration.replaces}
    return [name for name in migrations if name not in known]


def aliases_of(manifest: Manifest, *, keep_sandbox: bool) -> list[str]:
    """The databases to be put back: those of the backup that this site has."""
    return [
        alias
        for alias in manifest.databases
        if alias in connections and not (keep_sandbox and alias == SANDBOX)
    ]


def put_back(tar: tarfile.TarFile, manifest: Manifest, aliases: list[str], *, show: Show) -> None:
    """Databases, then files, then what stands beside. Raises dumps.DumpFailed."""
    for alias in aliases:
        show(f"database {alias}", 0, 1)
        with TemporaryDirectory(dir=settings.DATA) as folder:
            copy = Path(folder) / alias
            archive.extract(tar, f"databases/{alias}", copy)
            dumps.load(alias, copy)
        show(f"database {alias}", 1, 1)
    names = _uploads(manifest)
    for number, name in enumerate(names, start=1):
        archive.extract(tar, name, _place_of(name))
        show("files", number, len(names))
    _put_back_what_stands_beside(tar, manifest, with_clock=SANDBOX in aliases)
    # Sessions and pages of a time that is no more.
    cache.clear()


def _uploads(manifest: Manifest) -> list[str]:
    return [name for name in manifest.checksums if name.startswith("files/")]


def _place_of(name: str) -> Path:
    root = Path(settings.MEDIA_ROOT).resolve()
    place = (root / name.removeprefix("files/")).resolve()
    if not place.is_relative_to(root):
        raise archive.Damaged(f"{name} lies outside the folder of files")
    return place


def _put_back_what_stands_beside(
    tar: tarfile.TarFile, manifest: Manifest, *, with_clock: bool
) -> None:
    for name in archive.BESIDE:
        target = settings.DATA / name
        if name not in manifest.checksums or (name == "clock-offset" and not with_clock):
            continue
        if name == LEDGER:
            told = tar.extractfile(name)
            add_to_ledger(told.read().decode().splitlines() if told else [])
        elif name == "env" and target.exists():
            # This machine's own stay in force; the others are there to look at.
            archive.extract(tar, name, settings.DATA / "env.restored")
        else:
            archive.extract(tar, name, target)


def add_to_ledger(lines: list[str]) -> None:
    """Lines that the list of deleted accounts does not have yet; none is ever taken from it."""
    ledger = settings.DATA / LEDGER
    known = ledger.read_text().splitlines() if ledger.exists() else []
    with ledger.open("a") as file:
        file.writelines(f"{line}\n" for line in lines if line and line not in set(known))
