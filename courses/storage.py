"""Where files lie and what addresses they have.

One storage, two prefixes. `public/…` is served to everyone under MEDIA_URL; everything else is
private and has only a staff address. Learners get private files from `courses.media`.
"""

import os
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage
from django.urls import reverse
from django.utils.encoding import filepath_to_uri

PUBLIC = "public/"
PRIVATE = "private/"


class OneStorage(Storage):
    """The two prefixes, wherever the files lie."""

    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        if not name.startswith((PUBLIC, PRIVATE)):
            name = f"{PRIVATE}{name}"
        return super().get_available_name(name, max_length)

    def url(self, name: str | None) -> str:
        name = (name or "").replace("\\", "/")
        if name.startswith(PUBLIC):
            return settings.MEDIA_URL + filepath_to_uri(name.removeprefix(PUBLIC))
        return reverse("staff_file", args=[name])

    def put(self, name: str, data: bytes) -> None:
        """Keeps this under this very name, whole or not at all: no reader sees half of it."""
        raise NotImplementedError


class LocalFiles(OneStorage, FileSystemStorage):
    """In the data folder."""

    def _save(self, name: str, content: File) -> str:
        """Django leaves what fits on a full disk: half a file that no row knows."""
        target = Path(self.path(name))
        was_there = target.exists()
        try:
            return super()._save(name, content)  # type: ignore[misc]
        except OSError:
            if not was_there:
                target.unlink(missing_ok=True)
            raise

    def put(self, name: str, data: bytes) -> None:
        target = Path(self.path(name))
        target.parent.mkdir(parents=True, exist_ok=True)
        handle, unfinished = tempfile.mkstemp(dir=self.location)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(data)
            os.chmod(unfinished, self.file_permissions_mode or 0o644)
            os.replace(unfinished, target)
        except BaseException:  # a full disk, say: nothing stays behind
            Path(unfinished).unlink(missing_ok=True)
            raise

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return ("courses.storage.LocalFiles", [], {})
