"""As whom an editor may look at a draft."""

from django.utils.translation import gettext_lazy as _

VISITOR = "visitor"
PREVIEW_MODES = [
    ("buyer", _("As a buyer")),
    ("member", _("As a member")),
    (VISITOR, _("As a visitor")),
]
