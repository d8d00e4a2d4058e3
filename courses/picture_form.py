"""Uploading a picture in the admin; apart from `courses.forms`, which models need."""

from typing import Any

from django.utils.translation import gettext_lazy as _
from wagtail.images.fields import WagtailImageField
from wagtail.images.forms import BaseImageForm

from courses.uploads import check_picture


class PictureField(WagtailImageField):
    """Refuses what is broken, which Wagtail's own would stumble over."""

    def to_python(self, data: Any) -> Any:
        if data not in self.empty_values:
            check_picture(data)
        return super().to_python(data)


class PictureForm(BaseImageForm):
    file = PictureField(label=_("File"))
