"""A certificate as a picture and as a PDF, drawn by the same hand; and its poster."""

import io
from dataclasses import replace

from django.conf import settings
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from PIL.PngImagePlugin import PngInfo

from courses import depicted, pictures, prints
from courses.drawing import share
from courses.drawing.breaking import break_title
from courses.drawing.characters import can_set, drawable
from courses.drawing.design import Design
from courses.drawing.lettering import Setting, ems, wrap
from courses.drawing.palette import INK, INK_SOFT, PAPER, Colour, mix
from courses.drawing.paper import Paper
from courses.drawing.sheet import Sheet
from courses.models import CoursePage, TrackPage
from learning.certificate_rule import Target
from learning.models import Credential
from pages import dates
from pages.site_shown import SiteShown

WIDTH, HEIGHT = 1414, 1000  # as A4 lies
A4 = 841.89  # points
EDGE = 112
LINE = WIDTH - 2 * EDGE
BAKED = "openbadgecredential"


def undrawable(row: Credential) -> str:
    """The characters that the font of pictures lacks, in the order in which they come."""
    text = row.name + row.title + row.instructor + row.publisher
    return "".join(dict.fromkeys(each for each in text if each not in drawable()))


def png(row: Credential, site: SiteShown, *, address: str, badge: str = "") -> bytes:
    """With its Open Badge in it, where one is given."""
    sheet = Sheet(WIDTH, HEIGHT, pixels=2000, fill=PAPER, larger=1)
    draw(sheet, row, site, address=address)
    out = io.BytesIO()
    info = PngInfo()
    if badge:
        info.add_itxt(BAKED, badge)  # not compressed, as Open Badges 3.0 wants it (§5.3.1)
    sheet.finish().save(out, "PNG", optimize=True, pnginfo=info)
    return out.getvalue()


def pdf(row: Credential, site: SiteShown, *, address: str) -> bytes:
    paper = Paper(WIDTH, HEIGHT, points=A4, fill=PAPER)
    draw(paper, row, site, address=address)
    title = f"{_('Certificate')} · {row.title} · {row.name}"
    return paper.as_pdf(title=title, language=translation.get_language() or settings.LANGUAGE_CODE)


def draw(sheet: Sheet, row: Credential, site: SiteShown, *, address: str) -> None:
    """In the middle: what it is, whose, for what. At the foot: who says so, and where to ask."""
    line = mix(PAPER, INK_SOFT, 0.5)
    sheet.frame(sheet.box.inset(40), line, 3)
    sheet.frame(sheet.box.inset(52), line, 1)
    _centred(sheet, Setting((_("Certificate"),), 34), 118, INK_SOFT)
    _centred(sheet, _fitting((row.name,), 92), 204, INK)
    _centred(sheet, Setting((_("has finished"),), 30), 336, INK_SOFT)
    title = _fitting(_lines(row.title), 66)
    _centred(sheet, title, 410, INK)
    told = wrap(asked_words(row), size=28, width=LINE, most=1)
    _centred(sheet, told, 410 + title.height + 44, INK_SOFT)
    foot = HEIGHT - EDGE
    code = share.draw_code(sheet, address, (WIDTH - EDGE, foot))
    under = [_("Finished on %(day)s") % {"day": dates.day(row.earned_on)}]
    if row.instructor:
        under.insert(0, _("Instructor: %(name)s") % {"name": row.instructor})
    room = code.left - EDGE - 48
    for number, words in enumerate([*under, _("No. %(number)s") % {"number": row.shown_number}]):
        top = foot - 60 - 34 - 42 * (len(under) + 1 - number)
        sheet.lines(wrap(words, size=26, width=room, most=1), (EDGE, top), INK_SOFT)
    share.sign(sheet, (EDGE, foot - 60), 60, site.seal, row.publisher)


def asked_words(row: Credential) -> str:
    """What was asked, in one line; the same as the page says."""
    lessons = ngettext(
        "%(percent)d %% of %(number)d lesson done",
        "%(percent)d %% of %(number)d lessons done",
        row.lessons,
    ) % {"percent": row.asked_lessons, "number": row.lessons}
    if row.asked_lessons == 100:
        lessons = ngettext(
            "%(number)d lesson done", "All of %(number)d lessons done", row.lessons
        ) % {"number": row.lessons}
    if not row.asked_score:
        return lessons
    score = _("at least %(percent)d %% in the quizzes") % {"percent": row.asked_score}
    return _("%(lessons)s, %(score)s") % {"lessons": lessons, "score": score}


def _lines(title: str) -> tuple[str, ...]:
    """One line where it has room at half its size; else broken as a cover's is."""
    whole = " ".join(title.split())
    return (whole,) if ems(whole) * 44 <= LINE else tuple(break_title(whole, ems))


def _fitting(lines: tuple[str, ...], size: float) -> Setting:
    lines = lines if can_set("".join(lines)) else ()
    widest = max(map(ems, lines), default=1.0)
    return Setting(lines, min(size, LINE / widest))


def _centred(sheet: Sheet, setting: Setting, top: float, colour: Colour) -> None:
    for number, line in enumerate(setting.lines):
        left = (WIDTH - ems(line) * setting.size) / 2
        one = Setting((line,), setting.size)
        sheet.lines(one, (left, top + number * setting.pitch), colour)


def poster(row: Credential, target: Target | None, site: SiteShown, *, address: str) -> bytes:
    """1080 × 1440, under the art of what was finished."""
    words = share.Words(
        title=row.title,
        over=_("%(name)s has finished") % {"name": row.name},
        line=dates.day(row.earned_on),
        site=row.publisher,
        address=address,
    )
    return prints.make(replace(_subject(row, target, site), words=words), depicted.POSTER, "png")


def _subject(row: Credential, target: Target | None, site: SiteShown) -> depicted.Subject:
    """What is taken from everybody has no picture of its own any more."""
    if isinstance(target, CoursePage):
        return depicted.of_course(target, site)
    if isinstance(target, TrackPage):
        return depicted.of_track(target, site)
    is_track = row.kind == Credential.Kind.TRACK
    design = Design(row.title, seal=site.seal, is_track=is_track)
    return depicted.Subject(row.kind, row.target_id, design, share.Words(row.title))


def shared(row: Credential, site: SiteShown, *, address: str) -> pictures.Shared:
    """What components/share.html takes."""
    return pictures.Shared(
        title=_("%(name)s has finished “%(title)s”") % {"name": row.name, "title": row.title},
        line="",
        site=site.name,
        address=address,
        kind="website",
        image="",
        image_width=0,
        image_height=0,
        poster=reverse("credential_poster", args=[row.number]),
    )


def code_path(address: str) -> dict[str, object]:
    """A QR code as one path of an SVG, a unit a module."""
    rows = share.matrix(address)
    path = "".join(
        f"M{across} {down}h1v1h-1z"
        for down, row in enumerate(rows)
        for across, is_dark in enumerate(row)
        if is_dark
    )
    return {"path": path, "size": len(rows) + 8}
