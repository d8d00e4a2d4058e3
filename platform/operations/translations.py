"""Compiles the .po files with Babel: .mo files are not in the repository, msgfmt may be missing."""

import os
from collections.abc import Iterable
from pathlib import Path

from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from django.utils.translation.reloader import translation_file_changed


def compile_stale(folders: Iterable[str | Path]) -> list[Path]:
    """Writes each .mo that is missing or older than its .po; gives what was written."""
    written = []
    for folder in folders:
        for source in sorted(Path(folder).glob("*/LC_MESSAGES/*.po")):
            target = source.with_suffix(".mo")
            if target.exists() and target.stat().st_mtime_ns >= source.stat().st_mtime_ns:
                continue
            _compile(source, target)
            translation_file_changed(None, target)  # what this process has loaded of it is old
            written.append(target)
    return written


def _compile(source: Path, target: Path) -> None:
    with source.open("rb") as text:
        catalog = read_po(text, locale=source.parent.parent.name)
    # Whole or not at all: other processes may be reading it, or compiling it too.
    unfinished = target.with_name(f"{source.stem}.{os.getpid()}.mo")
    with unfinished.open("wb") as compiled:
        write_mo(compiled, catalog)
    unfinished.replace(target)
