"""A gift's card as a picture: from whom, what it is, the message, a code to be photographed."""

from datetime import timedelta

from django.utils import translation
from django.utils.translation import gettext as _

from courses import depicted, prints
from courses.drawing.design import Design
from courses.drawing.share import Words
from courses.models import CoursePage
from pages import dates
from pages.site_shown import shown_to
from payments import codes
from payments.models import Gift


def png(gift: Gift, *, code: str) -> bytes:
    site = shown_to(None)
    given = gift.given
    if isinstance(given, CoursePage):
        subject = depicted.of_course(given, site)
        design, image = subject.design, subject.image
    else:
        design, image = Design(str(given), seal=site.seal), None
    with translation.override(gift.order.language):
        words = Words(
            title=design.title,
            over=_("%(giver)s gives you") % {"giver": gift.giver_name}
            if gift.giver_name
            else _("A gift for you"),
            line=gift.message,
            site=site.name,
            foot=_until(gift),
            address=codes.address(code),
        )
    return prints.gift(design, words, image)


def _until(gift: Gift) -> str:
    """The last day to claim it, with its year: a picture is kept."""
    assert gift.claimable_until is not None  # noqa: S101 — whatever has a code has a last day
    last = gift.claimable_until - timedelta(seconds=1)
    return _("To be claimed until %(until)s") % {"until": dates.day(last)}
