"""A backup: one tar file with the databases, the files, the secrets, and a manifest of it all.

It is there whole or not at all, and readable by its owner only. The databases are copied before
the files: what is uploaded meanwhile is a file too many, never one too few.
"""

import hashlib
import io
import json
import os
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import IO, Any

from django.conf import settings
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connections

from operations import dumps

FORMAT = 1
MANIFEST = "manifest.json"
# What stands in the data folder beside databases and files.
BESIDE = ("env", "clock-offset", "demo.json", "deletions.jsonl")
CHUNK = 1024 * 1024

# (what is done, how many bytes are done, of how many)
Show = Callable[[str, int, int], None]


class Damaged(Exception):
    """The file is not a whole backup of ours; the message says what is wrong."""


@dataclass
class Manifest:
    made_at: str
    databases: dict[str, dict[str, Any]]  # alias: its engine and what was migrated
    files: str = "here"  # or "elsewhere": in an object store, which is not copied
    format: int = FORMAT
    checksums: dict[str, str] = field(default_factory=dict)  # name in the tar: SHA-256


def has_files_here() -> bool:
    """Whether uploads lie in the data folder, not in an object store."""
    return isinstance(default_storage, FileSystemStorage)


def make(target: Path, *, now: datetime, show: Show) -> Manifest:
    """Writes a backup to `target`, replacing what is there. Raises dumps.DumpFailed, OSError."""
    manifest = Manifest(made_at=now.isoformat(), databases={})
    with (
        _whole_or_not(target) as out,
        TemporaryDirectory(dir=target.parent) as folder,
        tarfile.open(fileobj=out, mode="w") as tar,
    ):
        # The sandbox comes last, as Stripe does: what it knows and we do not, a sweep finds.
        own = (alias for alias in connections if alias not in settings.REPLICAS)
        for alias in sorted(own, key=lambda alias: alias != "default"):
            show(f"database {alias}", 0, 1)
            described = {"engine": dumps.engine(alias), "migrations": dumps.migrations(alias)}
            manifest.databases[alias] = described
            copy = Path(folder) / alias
            dumps.dump(alias, copy)
            manifest.checksums[f"databases/{alias}"] = _add(tar, copy, f"databases/{alias}")
            copy.unlink()
            show(f"database {alias}", 1, 1)
        _add_files(tar, manifest, show)
        _add_manifest(tar, manifest)
    return manifest


@contextmanager
def _whole_or_not(target: Path) -> Iterator[IO[bytes]]:
    part = target.with_name(f".{target.name}.part")
    part.unlink(missing_ok=True)  # of one that was killed
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(descriptor, "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        part.replace(target)
    finally:
        part.unlink(missing_ok=True)


def _add_files(tar: tarfile.TarFile, manifest: Manifest, show: Show) -> None:
    found = [(name, settings.DATA / name) for name in BESIDE if (settings.DATA / name).exists()]
    root = Path(settings.MEDIA_ROOT)
    if has_files_here():
        uploads = [path for path in sorted(root.rglob("*")) if path.is_file()]
        found += [(f"files/{path.relative_to(root)}", path) for path in uploads]
    else:
        manifest.files = "elsewhere"
    sizes = {name: path.stat().st_size for name, path in found}
    done, total = 0, sum(sizes.values())
    for name, path in found:
        try:
            manifest.checksums[name] = _add(tar, path, name)
        except FileNotFoundError:
            continue  # deleted meanwhile
        done += sizes[name]
        show("files", done, total)


def _add(tar: tarfile.TarFile, file: Path, name: str) -> str:
    """Adds a file; gives its checksum."""
    with file.open("rb") as source:
        info = tar.gettarinfo(arcname=name, fileobj=source)
        info.uid = info.gid = 0
        info.uname = info.gname = ""
        summed = _Summed(source)
        tar.addfile(info, summed)
    return summed.digest.hexdigest()


def _add_manifest(tar: tarfile.TarFile, manifest: Manifest) -> None:
    text = json.dumps(asdict(manifest), indent=1).encode()
    info = tarfile.TarInfo(MANIFEST)
    info.size, info.mode = len(text), 0o600
    tar.addfile(info, io.BytesIO(text))


class _Summed:
    """Reads, and sums up what was read."""

    def __init__(self, source: IO[bytes]) -> None:
        self.source = source
        self.digest = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        chunk = self.source.read(size)
        self.digest.update(chunk)
        return chunk


def read_manifest(tar: tarfile.TarFile) -> Manifest:
    """Raises Damaged."""
    try:
        told = tar.extractfile(MANIFEST)
        return Manifest(**json.load(told)) if told else Manifest("", {})
    except (tarfile.TarError, KeyError, TypeError, ValueError) as error:
        raise Damaged("it is not a whole backup of this site") from error


def verify(tar: tarfile.TarFile, manifest: Manifest, show: Show) -> None:
    """Reads everything once before anything is changed. Raises Damaged."""
    held = set(tar.getnames())
    for number, (name, expected) in enumerate(manifest.checksums.items(), start=1):
        source = tar.extractfile(name) if name in held else None
        if source is None:
            raise Damaged(f"{name} is missing")
        summed = _Summed(source)
        while summed.read(CHUNK):
            pass
        if summed.digest.hexdigest() != expected:
            raise Damaged(f"{name} is not as it was written")
        show("checked", number, len(manifest.checksums))


def extract(tar: tarfile.TarFile, name: str, target: Path) -> None:
    """Writes one file of a backup, whole or not at all. Raises Damaged."""
    source = tar.extractfile(name)
    if source is None:
        raise Damaged(f"{name} is missing")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    descriptor = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _mode(name))
    with os.fdopen(descriptor, "wb") as out:
        while chunk := source.read(CHUNK):
            out.write(chunk)
    part.replace(target)


def _mode(name: str) -> int:
    """Uploads may be read by the web server; databases and secrets by their owner only."""
    return 0o644 if name.startswith("files/") else 0o600
