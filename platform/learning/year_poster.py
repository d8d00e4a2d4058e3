"""A year of study as a poster, for the learner to download and to show to whom they like.

It bears numbers and the publisher's name, nobody's own: whoever sends it says whose it is.
"""

import io

from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from PIL import Image

from courses.drawing import share
from courses.drawing.lettering import Setting, ems, wrap
from courses.drawing.palette import INK, INK_SOFT, PAPER, SEAL, mix
from courses.drawing.sheet import Box, Sheet
from learning.book import Field, Year
from pages.site_shown import SiteShown

SIDE = share.EDGE
LINES = 1080 - 2 * SIDE
CHART = Box(SIDE, 800, LINES, 230)
NAMED = 4  # disciplines


def png(year: Year, fields: list[Field], site: SiteShown, *, address: str) -> bytes:
    out = io.BytesIO()
    draw(year, fields, site, address=address).save(out, "PNG", optimize=True)
    return out.getvalue()


def draw(year: Year, fields: list[Field], site: SiteShown, *, address: str) -> Image.Image:
    """1080 × 1440."""
    sheet = Sheet(share.POSTER.width, share.POSTER.height, pixels=1080, fill=PAPER)
    sheet.lines(Setting((str(year.number),), 150), (SIDE, 96), INK)
    sheet.lines(_one(_("A year of study"), 48), (SIDE, 276), INK_SOFT)
    _numbers(sheet, year)
    _months(sheet, year)
    names = [each.name for each in sorted(fields, key=lambda each: -each.seconds) if each.seconds]
    if names:
        told = " · ".join(names[:NAMED])
        sheet.lines(wrap(told, size=34, width=LINES, most=1), (SIDE, 1108), INK_SOFT)
    share.draw_code(sheet, address, (share.POSTER.right - SIDE, share.POSTER.foot - SIDE))
    share.sign(sheet, (SIDE, share.POSTER.foot - SIDE - 60), 60, site.seal, site.name)
    return sheet.finish()


def _numbers(sheet: Sheet, year: Year) -> None:
    days = len(year.study_days)
    told = [
        (days, ngettext("day of study", "days of study", days)),
        (year.minutes, ngettext("minute", "minutes", year.minutes)),
        (year.lessons, ngettext("lesson done", "lessons done", year.lessons)),
        (len(year.courses), ngettext("course finished", "courses finished", len(year.courses))),
        (year.longest, ngettext("day running at most", "days running at most", year.longest)),
    ]
    for number, (figure, words) in enumerate(told):
        left = SIDE + (number % 2) * (LINES / 2)
        top = 396 + (number // 2) * 126
        value = Setting((f"{figure:,}",), 76)
        sheet.lines(value, (left, top), INK)
        sheet.lines(_one(words, 32), (left + value.width + 18, top + 38), INK_SOFT)


def _months(sheet: Sheet, year: Year) -> None:
    """Twelve bars over a line, the fullest month in red."""
    top, step = max(year.months), CHART.width / 12
    for number, minutes in enumerate(year.months):
        height = CHART.height * minutes / top if top else 0
        left = CHART.left + step * number
        if height:
            colour = SEAL if minutes == top else mix(INK_SOFT, PAPER, 0.35)
            sheet.fill(Box(left + 12, CHART.foot - height, step - 24, max(height, 2)), colour)
        label = Setting((str(number + 1),), 24)
        sheet.lines(label, (left + (step - label.width) / 2, CHART.foot + 14), INK_SOFT)
    sheet.fill(Box(CHART.left, CHART.foot, CHART.width, 2), INK_SOFT)


def _one(words: str, size: float) -> Setting:
    return Setting((words,), size) if ems(words) else Setting((), size)
