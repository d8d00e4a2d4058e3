"""Pictures as pages show them: the sources of a cover, and what a chat is told."""

import base64
from dataclasses import dataclass

from courses import prints
from courses.depicted import CARD, LARGE, POSTER, SMALL, Subject, absolute
from courses.drawing import share

Cut = dict[str, object]
SMALL_SIZES = ("40", "72", "96")  # of components/cover.html


def cover(subject: Subject) -> dict[str, Cut]:
    """What components/cover.html takes: the `small` cut without a title, and the `large` one."""
    return {"small": _cut(subject, SMALL), "large": _cut(subject, LARGE)}


def _cut(subject: Subject, widths: tuple[int, ...]) -> Cut:
    usual = widths[len(widths) // 2]
    sets = {
        suffix: ", ".join(f"{subject.address(str(width), suffix)} {width}w" for width in widths)
        for suffix in ("avif", "webp")
    }
    return {
        **sets,
        "src": subject.address(str(usual), "webp"),
        "width": usual,
        "height": usual * 4 // 3,
    }


def draft_cover(subject: Subject) -> dict[str, Cut]:
    """The same for an editor's eyes, in the page itself: a draft's pictures have no address."""
    cuts = {}
    for name, width in (("small", SMALL[-1]), ("large", LARGE[-1])):
        cuts[name] = {
            "src": inline(prints.make(subject, str(width), "webp")),
            "width": width,
            "height": width * 4 // 3,
        }
    return cuts


def inline(webp: bytes) -> str:
    return f"data:image/webp;base64,{base64.b64encode(webp).decode()}"


@dataclass(frozen=True)
class Shared:
    """What a page says of itself to chats and searches."""

    title: str
    line: str
    site: str
    address: str
    kind: str  # of OpenGraph
    image: str
    image_width: int
    image_height: int
    poster: str


def shared(subject: Subject, *, site: str) -> Shared:
    return Shared(
        title=subject.words.title,
        line=subject.words.line,
        site=site,
        address=subject.words.address,
        kind="article" if subject.kind in ("article", "lesson") else "website",
        image=absolute(subject.address(CARD, "jpg")),
        image_width=round(share.CARD.width),
        image_height=round(share.CARD.height),
        poster=subject.address(POSTER, "png"),
    )
