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
    """Bars from left to right; a line at `goal`, if there is one. `what` and `number` head the
    table's columns."""
    figures = list(bars)
    top = max([goal, 1, *(figure.value for figure in figures)])
    scale = (BASE - 12) / top
    return {
        "title": title,
        "unit": unit,
        "columns": (what, number),
        "width": STEP * len(figures),
        "height": HEIGHT,
        "base": BASE,
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
