"""Pictures, sound, video and attachments.

Originals are always private; a rendition is public only when a public place made it, by a filter
that says so (`courses.storage`). How private ones are handed out: `courses.media`.
"""

import os

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _
from tinytag import TinyTag
from tinytag.tinytag import TinyTagException
from wagtail.documents.models import AbstractDocument
from wagtail.images.models import AbstractImage, AbstractRendition
from wagtail.images.models import Image as WagtailImage
from wagtailmedia.models import AbstractMedia


class PrivateImage(AbstractImage):
    admin_form_fields = WagtailImage.admin_form_fields

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


class PrivateMedia(AbstractMedia):
    admin_form_fields = ["title", "file", "collection", "thumbnail", "tags"]

    def clean(self) -> None:
        """Read the duration from the file; a file that has none is refused."""
        try:
            super().clean()
        except ValidationError as error:  # the wrong kind of file: say so by the field
            raise ValidationError({"file": error.messages}) from error
        if self.file and not self.file._committed:
            self.duration = read_duration(self.file)

    @property
    def mime_type(self) -> str:
        return str(self.sources[0]["type"])


def read_duration(file: models.fields.files.FieldFile) -> float:
    """The playing time in seconds; ValidationError when the file is not sound or video."""
    file.open()
    try:
        tag = TinyTag.get(filename=file.name, file_obj=file.file)
    except (TinyTagException, OSError, ValueError) as error:
        raise ValidationError(
            {"file": _("This file could not be read as sound or video: it may be broken.")}
        ) from error
    finally:
        file.seek(0)
    if not tag.duration:
        raise ValidationError({"file": _("This file has no playing time: it may be broken.")})
    return float(tag.duration)
