"""A draft on its editor's own phone: an address that opens one revision of one page for a while.

The address is in a QR code that the editor's screen shows. It needs no session: its signature names
the page, the revision, as whom it is seen, and the editor, who must still be allowed to edit.
"""

from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import qrcode
from django.conf import settings
from django.core import signing
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from qrcode.image.svg import SvgPathImage
from wagtail.models import Page, Revision

from accounts.limits import limited
from accounts.models import User

LASTS = 30 * 60  # seconds
SALT = "pages.phone_preview"
LOCAL = {"localhost", "127.0.0.1", "::1"}


class Over(Exception):
    """The address is too old or broken, or its editor may not edit the page any more."""


@dataclass(frozen=True)
class Draft:
    """One revision of one page, seen in one of its modes; `revision` is 0 where it has none."""

    page: int
    revision: int
    mode: str
    editor: int

    @property
    def token(self) -> str:
        return signing.dumps([self.page, self.revision, self.mode, self.editor], salt=SALT)

    @property
    def address(self) -> str:
        return f"{settings.BASE_URL}{reverse('phone_preview', args=[self.token])}"


def read(token: str) -> tuple[Draft, Page]:
    """What a token stands for, and the page as it was saved then. Raises Over."""
    try:
        draft = Draft(*signing.loads(token, salt=SALT, max_age=LASTS))
    except (signing.BadSignature, TypeError) as error:
        raise Over from error
    page = Page.objects.filter(pk=draft.page).first()
    editor = User.objects.filter(pk=draft.editor, is_active=True).first()
    if page is None or editor is None or not page.permissions_for_user(editor).can_edit():
        raise Over
    if not draft.revision:
        return draft, page.specific
    revision = Revision.page_revisions.filter(pk=draft.revision, object_id=str(page.pk)).first()
    if revision is None:
        raise Over
    return draft, revision.as_object()


@require_safe
@limited("preview")
def show(request: HttpRequest, token: str) -> HttpResponse:
    """The draft, to whoever has the address: as nobody in particular, and nothing is kept."""
    try:
        draft, page = read(token)
    except Over:
        response = over(request)
    else:
        request.META.pop("HTTP_COOKIE", None)
        response = page.make_preview_request(request, draft.mode, {"draft_token": token})
        response.cookies.clear()
    return sealed(response)


def over(request: HttpRequest) -> HttpResponse:
    return TemplateResponse(request, "pages/draft_over.html", status=404).render()


def sealed[Answer: HttpResponseBase](response: Answer) -> Answer:
    """Kept nowhere, listed nowhere, and its address told to nobody."""
    response["Cache-Control"] = "private, no-store"
    response["X-Robots-Tag"] = "noindex, nofollow"
    response["Referrer-Policy"] = "no-referrer"
    return response


def code(request: HttpRequest, page_id: int) -> HttpResponse:
    """The QR code, to who may edit the page. Among the addresses of the administration."""
    page = get_object_or_404(Page, pk=page_id)
    if not page.permissions_for_user(request.user).can_edit():
        raise PermissionDenied
    seen = page.get_latest_revision_as_object()
    modes = dict(seen.preview_modes)
    mode = request.GET.get("mode", "")
    mode = mode if mode in modes else seen.default_preview_mode
    editor: Any = request.user
    draft = Draft(page.pk, page.latest_revision_id or 0, mode, editor.pk)
    title = _("Preview on a phone")
    context = {
        "page_title": title,
        "header_title": title,
        "header_icon": "mobile-alt",
        "breadcrumbs_items": [
            {"url": reverse("wagtailadmin_pages:edit", args=[page.pk]), "label": seen.title},
            {"url": "", "label": title},
        ],
        "draft": draft,
        "code": drawn(draft.address),
        "modes": modes.items() if len(modes) > 1 else [],
        "minutes": LASTS // 60,
        "is_local": urlsplit(settings.BASE_URL).hostname in LOCAL,
    }
    return sealed(TemplateResponse(request, "pages/phone_code.html", context).render())


def drawn(address: str) -> SafeString:
    """The QR code as SVG."""
    picture = BytesIO()
    qrcode.make(address, image_factory=SvgPathImage, border=2).save(picture)
    svg = picture.getvalue().decode().partition("?>")[2]
    return mark_safe(svg)  # noqa: S308 (drawn here, of squares)
