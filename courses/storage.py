"""Where files lie and what addresses they have.

One storage, two prefixes. `public/…` is served to everyone under MEDIA_URL; everything else is
private and has only a staff address. Learners get private files from `courses.media`.
"""

from typing import Any

from django.core.files.storage import FileSystemStorage
from django.urls import reverse

PUBLIC = "public/"


class LocalFiles(FileSystemStorage):
    def get_available_name(self, name: str, max_length: int | None = None) -> str:
        if not name.startswith((PUBLIC, "private/")):
            name = f"private/{name}"
        return super().get_available_name(name, max_length)

    def url(self, name: str | None) -> str:
        name = (name or "").replace("\\", "/")
        if name.startswith(PUBLIC):
            return super().url(name.removeprefix(PUBLIC))
        return reverse("staff_file", args=[name])

    def deconstruct(self) -> tuple[str, list[Any], dict[str, Any]]:
        return ("courses.storage.LocalFiles", [], {})
