"""Breaking a title into lines, as one who sets a cover would: between words, evenly.

No dictionary: a few words and particles, and that Chinese words mostly have two characters.
"""

import itertools
import re
from collections.abc import Callable, Iterator

LONGEST = 30.0  # ems: what is longer is cut, for nobody would read it from a cover
FULL_LINE = 5.0  # ems of a line at full size
ONE_LINE = 4.0  # what is no longer stays whole
MOST_LINES = 3

# Found longest first; what stands between them is taken two characters at a time.
WORDS = """
为什么 怎么样 是不是 有没有 会不会 能不能 越来越 陌生人 年轻人 普通人 互联网
一辈子 一口气 一点点 什么 怎么 怎样 多少 如何 这样 那样 这里 那里 哪里 我们
你们 他们 她们 自己 别人 大家 以后 以前 之前 之后 之间 之外 之中 因为 所以
如果 可以 不是 就是 还是 但是 只是 没有 不会 不能 不要 应该 可能 已经 正在
时候 成为 作为 交给 下水道 图书馆 菜市场 东西 问题 世界 中国 人类 生活 学会
学习 认识 理解 看见 听懂 写作 阅读 思考 城市 历史 科学 经济 信任 关系
""".split()  # noqa: SIM905 (a list of words reads best as words)
AFTER_WORD = "的地得了着过们吗呢吧啊么呀里上下中内外家者性学化"  # they cling to what stands before
CLINGING = ("之间", "之前", "之后", "之外", "之中", "以后", "以前", "以来", "以内", "以外")
BEFORE_WORD = "是在和与或及跟比从到向往把被让对为给替以而但却就才也都还又再不没很更最谁怎这那每第"
JOINED_BEFORE = "的了着吗呢吧"  # a line ends well after these
NUMBERS = "零〇一二两三四五六七八九十百千万亿几半0123456789"
MEASURES = "个人天年月日岁次分秒时点钟块元种件本部句页课讲章门口只条张步遍倍群"
OPENING = "（《「『〈【〔“‘([{"
CLOSING = "，。、；：？！）》」』〉】〕”’…—·%％,.;:?!)]}"
DROPPED = "，、；：。,;: "  # not wanted at the end of a line, where the break says it
# English words that do not end a line.
LEANING = {"a", "an", "and", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"}
LATIN = re.compile(r"[^\W\u2E80-\uFFFF]+(?:['’\-.&+/#][^\W\u2E80-\uFFFF]+)*[+#%]*")

# What a break costs: the less, the better the place.
NEVER, INSIDE, PLAIN, GOOD, BEST = 1000.0, 14.0, 4.0, 1.0, -3.0
ORPHAN = 9.0  # a line of a single character
UNEVEN = 0.7
SHRUNK = 2.5  # for each em that a line is longer than a full one


def break_title(title: str, measure: Callable[[str], float]) -> list[str]:
    """The lines of a title; `measure` gives a text's width in ems."""
    text = _cut(" ".join(title.split()), measure)
    if measure(text) <= ONE_LINE:
        return [text]
    costs = _costs(text)
    places = sorted(place for place, cost in costs.items() if cost < NEVER)
    ways = (
        chosen for number in range(MOST_LINES) for chosen in itertools.combinations(places, number)
    )
    best = min(ways, key=lambda chosen: _badness(text, chosen, costs, measure))
    return list(_lines(text, best))


def _cut(text: str, measure: Callable[[str], float]) -> str:
    if measure(text) <= LONGEST:
        return text
    while text and measure(text) > LONGEST - 1:
        text = text[:-1]
    return text.rstrip(DROPPED + OPENING) + "…"


def _lines(text: str, places: tuple[int, ...]) -> Iterator[str]:
    for start, end in itertools.pairwise((0, *places, len(text))):
        line = text[start:end].strip()
        yield line if end == len(text) else line.rstrip(DROPPED)


def _badness(
    text: str,
    places: tuple[int, ...],
    costs: dict[int, float],
    measure: Callable[[str], float],
) -> float:
    widths = [measure(line) for line in _lines(text, places)]
    widest = max(widths)
    uneven = sum((widest - width) ** 2 for width in widths) / len(widths)
    alone = sum(width <= 1 for width in widths)
    # A title of two lines' length is two lines, though it might just fit into one.
    too_long = max(widest - FULL_LINE, 0) * SHRUNK + (6 if len(widths) == 1 else 0)
    return sum(costs[place] for place in places) + UNEVEN * uneven + ORPHAN * alone + too_long


def _costs(text: str) -> dict[int, float]:
    """What a break before each character costs."""
    begins = _word_starts(text)
    return {place: _cost(text, place, place in begins) for place in range(1, len(text))}


def _cost(text: str, place: int, begins_word: bool) -> float:
    before, after = text[place - 1], text[place]
    if after in CLOSING or before in OPENING or after == " ":
        return NEVER
    if before in CLOSING:
        return BEST
    if before == " ":
        leaning = text[: place - 1].rpartition(" ")[2].casefold() in LEANING
        return INSIDE / 2 if leaning else GOOD
    if not begins_word or text.startswith(CLINGING, place):
        return NEVER if before.isascii() and after.isascii() else INSIDE
    if before in JOINED_BEFORE:
        return BEST
    if after in BEFORE_WORD or after in OPENING:
        return GOOD if before not in BEFORE_WORD else PLAIN
    if after in NUMBERS and before not in BEFORE_WORD:
        return GOOD
    return INSIDE / 2 if before in BEFORE_WORD else PLAIN


def _word_starts(text: str) -> set[int]:
    starts = set()
    place = 0
    while place < len(text):
        starts.add(place)
        place += _word_length(text, place)
    return starts


def _word_length(text: str, place: int) -> int:
    """How many characters from here belong together."""
    if latin := LATIN.match(text, place):
        return latin.end() - place
    length = _known_length(text, place) or _guessed_length(text, place)
    while place + length < len(text) and text[place + length] in AFTER_WORD:
        length += 1
    return length


def _known_length(text: str, place: int) -> int:
    return max((len(word) for word in WORDS if text.startswith(word, place)), default=0)


def _guessed_length(text: str, place: int) -> int:
    """A number with its measure, a particle alone, a doubled or a usual pair of characters."""
    if text[place] in MEASURES and text[:place].rstrip()[-1:].isdigit():
        return 1
    length = int(text[place] == "第")
    while place + length < len(text) and text[place + length] in NUMBERS:
        length += 1
    if length:
        rest = text[place + length : place + length + 2]
        return length + next(
            (n for n in (2, 1) if len(rest) >= n and all(c in MEASURES for c in rest[:n])), 0
        )
    if text[place] in BEFORE_WORD + CLOSING + OPENING + " ":
        return 1
    pair = text[place : place + 2]
    if (
        len(pair) < 2
        or pair[1] in BEFORE_WORD + CLOSING + OPENING + NUMBERS + " "
        or pair[1].isascii()
    ):
        return 1
    return 2
