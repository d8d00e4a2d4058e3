"""Figures as pictures: SVG drawn on the server, each with its numbers as a table.

Presentation by attributes and classes only: the content security policy allows no style="".
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from django import template

register = template.Library()

HEIGHT, STEP, BAR = 120, 20, 12
BASE = HEIGHT - 20  # below it stand the labels


@dataclass(frozen=True)
class Bar:
    """One figure: `label` stands under some bars, `words` in the table, with the value or `shown`
    in its place; `url`: where what it counts is listed."""

    words: Any
    value: int
    label: Any = ""
    shown: str = ""
    url: str = ""


@register.inclusion_tag("components/chart.html")
def bar_chart(
    title: str, bars: Iterable[Bar], *, what: str, number: str, unit: str = "", goal: int = 0
) -> dict[str, Any]:
    """Bars from left to right, a line with its figure at the highest one, another at `goal`, if
    there is one. `what` and `number` head the table's columns."""
    figures = list(bars)
    highest = max(figures, key=lambda figure: figure.value, default=None)
    top = highest.value if highest else 0
    scale = (BASE - 12) / max(goal, 1, top)
    highest_at = round(BASE - top * scale, 1)
    return {
        "title": title,
        "unit": unit,
        "columns": (what, number),
        "width": STEP * len(figures),
        "height": HEIGHT,
        "base": BASE,
        "highest": highest if top > 0 else None,
        "highest_at": highest_at,
        "highest_label_at": highest_at - 3,
        "goal": goal,
        "goal_at": round(BASE - goal * scale, 1),
        "bars": [
            {
                "figure": figure,
                "x": number * STEP + (STEP - BAR) // 2,
                "middle": number * STEP + STEP // 2,
                "y": round(BASE - figure.value * scale, 1),
                "height": round(figure.value * scale, 1),
                "width": BAR,
                "reached": bool(goal) and figure.value >= goal,
            }
            for number, figure in enumerate(figures)
        ],
    }
