"""Pictures, sound, video and attachments.

Originals are always private; a rendition is public only when a public place made it, by a filter
that says so (`courses.storage`). How private ones are handed out: `courses.media`.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.core.exceptions import ValidationError
from django.core.files.base import File
from django.db import models
from django.utils.translation import gettext_lazy as _
from wagtail.documents.models import AbstractDocument
from wagtail.images.models import AbstractImage, AbstractRendition
from wagtail.images.models import Image as WagtailImage
from wagtailmedia.models import AbstractMedia

from courses import uploads


@contextmanager
def _new_file(field: Any) -> Iterator[File | None]:
    """What was just uploaded, None where nothing was; complaints stand by the field."""
    try:
        yield field.file if field and not field._committed else None
    except ValidationError as error:
        raise ValidationError({"file": error.messages}) from error


class PrivateImage(AbstractImage):
    admin_form_fields = WagtailImage.admin_form_fields

    class Meta(AbstractImage.Meta):
        verbose_name = _("picture")
        verbose_name_plural = _("pictures")

    def get_upload_to(self, filename: str) -> str:
        return os.path.join("private", super().get_upload_to(filename))


class Rendition(AbstractRendition):
    image = models.ForeignKey(PrivateImage, on_delete=models.CASCADE, related_name="renditions")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["image", "filter_spec", "focal_point_key"], name="rendition_unique"
            )
        ]

    def get_upload_to(self, filename: str) -> str:
        prefix = "public" if "public" in self.filter_spec.split("|") else "private"
        return os.path.join(prefix, super().get_upload_to(filename))


class PrivateDocument(AbstractDocument):
    admin_form_fields = ["title", "file", "collection", "tags"]

    def clean(self) -> None:
        super().clean()
        with _new_file(self.file) as file:
            if file:
                uploads.check_size(file, "document")
                uploads.check_document(file)


class PrivateMedia(AbstractMedia):
    admin_form_fields = ["title", "file", "collection", "tags"]

    def clean(self) -> None:
        """Read the duration from the file; a file that has none is refused."""
        try:
            super().clean()
        except ValidationError as error:  # the wrong kind of file: say so by the field
            raise ValidationError({"file": error.messages}) from error
        with _new_file(self.file) as file:
            if file:
                uploads.check_size(file, self.type)
                self.duration = uploads.read_duration(file)

    @property
    def mime_type(self) -> str:
        return str(self.sources[0]["type"])
