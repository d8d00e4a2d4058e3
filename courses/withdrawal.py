"""What follows when an editor unpublishes a page, told before it is done."""

from datetime import datetime

from babel.lists import format_list
from django.utils.translation import get_language, ngettext, to_locale
from django.utils.translation import gettext as _
from wagtail.models import Page, ReferenceIndex

from courses.deletion import count_learners
from courses.models import CoursePage, LessonPage, TrackPage


def consequences(page: Page, *, now: datetime) -> list[str]:
    """Sentences for who is about to unpublish `page`; none where nothing follows."""
    return [*_of(page, now), *_named_by(page)]


def _of(page: Page, now: datetime) -> list[str]:
    match page.specific:
        case CoursePage():
            return [
                _("It can no longer be bought or found; what was paid for it stays as it is."),
                _having(count_learners([page], now=now)),
            ]
        case LessonPage() if page.get_parent().live:
            return [
                _("Nobody can open it any more, whoever has its course neither."),
                _losing(count_learners([page], now=now)),
                _("The lessons after it are numbered anew."),
            ]
        case TrackPage():
            return [
                _("It can no longer be found. Its courses stay as they are."),
                _("Those who have joined it keep what they did."),
            ]
        case _:
            return []


def _named_by(page: Page) -> list[str]:
    """Live pages that show it: tracks, articles, the front page."""
    sources = (of for of, _references in ReferenceIndex.get_grouped_references_to(page))
    titles = [str(of) for of in sources if isinstance(of, Page) and of.live]
    words = _("These pages name it and go on without it: %(titles)s.")
    together = format_list(titles, locale=to_locale(get_language() or "en"))
    return [words % {"titles": together}] if titles else []


def _having(number: int) -> str:
    words = ngettext(
        "%(number)d learner has it and goes on studying, its lessons included.",
        "%(number)d learners have it and go on studying, its lessons included.",
        number,
    )
    return words % {"number": number} if number else _("No learner has it.")


def _losing(number: int) -> str:
    words = ngettext(
        "%(number)d learner has it now; what was studied of it is kept.",
        "%(number)d learners have it now; what was studied of it is kept.",
        number,
    )
    return words % {"number": number} if number else _("No learner has it.")
