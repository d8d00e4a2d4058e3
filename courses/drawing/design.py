"""What a cover is made from, and the chance that shapes it: the hash of its title."""

import hashlib
import unicodedata
from dataclasses import dataclass
from functools import cached_property

from courses.drawing.breaking import LEANING
from courses.drawing.characters import drawable
from courses.drawing.palette import Colour, ground

# Of these none stands for a title by itself.
PARTICLES = set(
    "的了与和在是为不之吗呢吧着过也就都而或及其以于从到把被让对有这那"
    "你我他她它们个一怎么什谁何哪样能会要"
)


@dataclass(frozen=True)
class Design:
    """`ground` is one of Discipline.Ground; `seal` one character, or nothing."""

    title: str
    ground: str = "other"
    seal: str = ""
    is_track: bool = False

    @cached_property
    def chance(self) -> bytes:
        return hashlib.sha256(unicodedata.normalize("NFKC", self.title).encode()).digest()

    @property
    def colour(self) -> Colour:
        return ground(self.ground)

    @cached_property
    def glyph(self) -> str:
        """The character that may stand for the title: a Chinese one, else an initial."""
        chinese = [c for c in self.title if "一" <= c <= "鿿" and c in drawable()]
        telling = [c for c in chinese if c not in PARTICLES] or chinese
        words = [word for word in self.title.split() if word.casefold() not in LEANING]
        initials = [word[0].upper() for word in words if word[0].isalnum()]
        found = telling or [c for c in initials if c in drawable()][:1]
        return found[self.chance[0] % len(found)] if found else ""

    def pick(self, place: int, number: int) -> int:
        """One of `number`, by the byte at `place`."""
        return self.chance[place % 32] % number

    def share(self, place: int) -> float:
        """0 to 1, by the byte at `place`."""
        return self.chance[place % 32] / 255
