"""The colours of covers (LOOK.md): a ground for each discipline, paper, ink, seal."""

from PIL import ImageColor

Colour = tuple[int, int, int]


def colour(name: str) -> Colour:
    """`#7A3E21` as numbers."""
    red, green, blue, *_ = ImageColor.getrgb(name)
    return red, green, blue


# By Discipline.Ground; static/css/tokens.css has the same.
GROUNDS = {
    "business": colour("#7A3E21"),
    "cognition": colour("#1F3A5F"),
    "science": colour("#24483A"),
    "city": colour("#1C4F5A"),
    "arts": colour("#75202B"),
    "history": colour("#5C4C18"),
    "philosophy": colour("#4A2B45"),
    "other": colour("#2A2622"),
}
PAPER = colour("#F7F1E3")
INK = colour("#1F1B16")
INK_SOFT = colour("#574F45")
SEAL = colour("#A9351F")
ON_SEAL = colour("#FFFDF8")
EMBER = colour("#F08A70")
WHITE = colour("#FFFFFF")


def ground(name: str) -> Colour:
    return GROUNDS.get(name, GROUNDS["other"])


def mix(one: Colour, other: Colour, share: float) -> Colour:
    """`one` with so much (0 to 1) of `other` in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(one, other, strict=True))
    return red, green, blue
