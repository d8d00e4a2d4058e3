"""Pictures of the overview: SVG by attributes and classes, each with its numbers as a table."""

from typing import Any

from django import template

from insights.charts import Piece, Wave

register = template.Library()

HEIGHT, STEP, BAR = 180, 40, 24
LABELS, SCALE = 20, 14  # under the bars the months; above and below them the largest sum


@register.inclusion_tag("insights/waves.html")
def waves(title: str, found: list[Wave], *, what: str, closing: str) -> dict[str, Any]:
    """What was added stands above the line, what was lost below it. `what` and `closing` head the
    table's first and last column."""
    highest, lowest = max(found, key=_gained, default=None), max(found, key=_lost, default=None)
    up, down = _gained(highest) if highest else 0, _lost(lowest) if lowest else 0
    scale = (HEIGHT - LABELS - 2 * SCALE) / max(up + down, 1)
    base = SCALE + up * scale
    return {
        "title": title,
        "what": what,
        "closing": closing,
        "heads": found[0].pieces if found else [],
        "width": max(STEP * len(found), STEP),
        "height": HEIGHT,
        "base": round(base, 1),
        "highest": highest if up else None,
        "highest_at": SCALE,
        "lowest": lowest if down else None,
        "lowest_at": round(base + down * scale, 1),
        "lowest_label_at": round(base + down * scale + SCALE - 3, 1),
        "waves": [
            {
                "wave": wave,
                "middle": n * STEP + STEP // 2,
                "rects": _stacked(wave.pieces, n * STEP + (STEP - BAR) // 2, base, scale),
            }
            for n, wave in enumerate(found)
        ],
    }


def _gained(wave: Wave) -> int:
    return sum(max(piece.value, 0) for piece in wave.pieces)


def _lost(wave: Wave) -> int:
    return sum(max(-piece.value, 0) for piece in wave.pieces)


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
