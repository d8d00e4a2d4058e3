"""Pictures of the overview: SVG by attributes and classes, each with its numbers as a table."""

from typing import Any

from django import template

from insights.charts import Piece, Wave

register = template.Library()

HEIGHT, STEP, BAR = 160, 40, 24
LABELS = 20


@register.inclusion_tag("insights/waves.html")
def waves(title: str, found: list[Wave], *, what: str, closing: str) -> dict[str, Any]:
    """What was added stands above the line, what was lost below it. `what` and `closing` head the
    table's first and last column."""
    ups = [sum(max(piece.value, 0) for piece in wave.pieces) for wave in found]
    downs = [sum(max(-piece.value, 0) for piece in wave.pieces) for wave in found]
    scale = (HEIGHT - LABELS) / max(max(ups, default=0) + max(downs, default=0), 1)
    base = max(ups, default=0) * scale
    return {
        "title": title,
        "what": what,
        "closing": closing,
        "heads": found[0].pieces if found else [],
        "width": max(STEP * len(found), STEP),
        "height": HEIGHT,
        "base": round(base, 1),
        "waves": [
            {
                "wave": wave,
                "middle": n * STEP + STEP // 2,
                "rects": _stacked(wave.pieces, n * STEP + (STEP - BAR) // 2, base, scale),
            }
            for n, wave in enumerate(found)
        ],
    }


def _stacked(pieces: list[Piece], x: int, base: float, scale: float) -> list[dict[str, Any]]:
    up = down = base
    rects = []
    for piece in pieces:
        height = abs(piece.value) * scale
        if piece.value > 0:
            up -= height
        y = up if piece.value > 0 else down
        if piece.value < 0:
            down += height
        if piece.value:
            rects.append(
                {
                    "key": piece.key,
                    "x": x,
                    "y": round(y, 1),
                    "height": round(height, 1),
                    "width": BAR,
                }
            )
    return rects


@register.filter
def parted(words: str) -> list[str]:
    """Words with | between, one by one."""
    return str(words).split("|")
