"""What the style guide shows: the demo's own matter, in small."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any
from urllib.parse import quote

from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from courses.pictures import Shared
from learning import path_picture
from pages.templatetags.charts import Bar

COURSE_TITLE = "一群人的生意"
TRACK = "从一个人到一群人"
QUESTION = "你有什么事，是答应了就一定做到的？"
PAYWALL_QUESTION = "三百人的群，为什么比三万人的难带？"

# number → title, seconds of sound (0: text alone)
LESSONS = {
    1: ("先有人，后有货", 120),
    2: ("信任是怎么一天天攒下来的", 680),
    3: ("三百人比三万人难", 0),
}
TITLES = [
    ("发刊词", "你为什么信一个陌生人推荐的锅", 7),
    (1, "先有人，后有货", 11),
    (2, "信任是怎么一天天攒下来的", 11),
    (3, "三百人比三万人难", 12),
    (4, "标签是描述，不是判决", 10),
    (5, "拉新之前，先算留存", 12),
    (6, "群为什么死在第九十天", 9),
    (7, "墙与桥：圈层怎样被穿过", 13),
]
STATES = ["done", "done", "now", "open", "locked", "locked", "locked", "locked"]

TEXT = [
    [
        "巷口修鞋的老陈没有招牌。",
        "三十年里，他只做对了一件事：说周四好，就是周四好。",
        "街坊把备用钥匙放在他那里，不是因为他写过承诺，而是因为他从没让人白跑过一趟。",
    ],
    [
        '经济学把这叫作 <span lang="en">repeated game</span>，重复博弈。',
        "换成社群里的话说：信任不是一次打动，<mark>而是很多次“说到做到”的利息。</mark>",
        "一个三百人的群，如果每周有一件小事被兑现，一年就是 52 次。",
    ],
    [
        "“那么，先卖东西还是先交朋友？”",
        "这个问题问反了。",
        "先问：你有什么事，是答应了就一定做到的？",
    ],
    [
        "有一位开面馆的朋友不服气。",
        "他说他天天准点开门，汤头十年没变，隔壁新店一降价，客人还是走了一半。",
        "可见兑现也未必换来信任。",
    ],
    [
        "我请他翻账本。",
        "走掉的那一半，多是只来过一两次的人；来过二十次以上的，一个也没有少。",
        "降价能买到一次光顾，买不到第二十次。",
        "信任不是对所有人生效的，它只对和你一起数过次数的人生效。",
    ],
    [
        "所以，攒信任的办法并不动人：挑一件小事，小到你病了、忙了、不想干了也做得到；说出时间；然后在那个时间之前做完。",
        "不必解释，也不必庆祝。",
        "第二周，再来一次。",
    ],
    [
        "这件小事最好看得见。",
        "每周五晚上八点，把这一周群里问过的问题整理成一页纸，放在同一个地方。",
        "没有人夸你的时候，照放。",
        "到第十周，有人会在周五晚上七点五十分，开始等。",
    ],
]


MARKERS = [{"start": 0.0, "title": "一口锅"}, {"start": 60.0, "title": "信任的账"}]


def paragraphs(*, sounding: bool) -> list[list[dict[str, str]]]:
    """The sample text as components/transcript.html takes it; 12 seconds a sentence."""
    starts = iter(pairwise(range(0, 12_000, 12)))
    return [
        [
            {"text": SafeString(sentence), "start": f"{start:.2f}", "end": f"{end:.2f}"}
            for sentence, (start, end) in zip(paragraph, starts, strict=False)
        ]
        for paragraph in TEXT
    ]


def outline(current: int) -> list[dict[str, object]]:
    return [
        {
            "number": number,
            "title": title,
            "url": f"/styleguide/lesson/{number}/" if number in LESSONS else "/styleguide/paywall/",
            "current": number == current,
            "state": "open" if state == "now" else state,
            "chapter": {"发刊词": "开始之前", 1: "第一章 人"}.get(number, ""),
        }
        for (number, title, _), state in zip(TITLES, STATES, strict=True)
    ]


ROWS = [
    {"number": number, "title": title, "minutes": minutes, "state": state}
    for (number, title, minutes), state in zip(
        TITLES, ["free", "done", "now", "open", *["locked"] * 4], strict=True
    )
]


def cover(title: str, ground: str, *, track: bool = False) -> dict[str, dict[str, object]]:
    """As components/cover.html takes it; drawn by `styleguide.picture`."""
    address = f"/styleguide/pictures/{ground}/{quote(title)}"
    kind = "?track=1" if track else ""
    return {
        cut: {"src": f"{address}-{width}.webp{kind}", "width": width, "height": width * 4 // 3}
        for cut, width in (("small", 192), ("large", 264))
    }


COURSES: list[dict[str, object]] = [
    {
        "title": "一群人的生意",
        "ground": "business",
        "cover": cover("一群人的生意", "business"),
        "instructor": "周明远",
        "state": "已更新 6/8 讲",
        "line": "从一口锅讲到一个群：信任怎样变成生意，又怎样不被生意毁掉。",
    },
    {
        "title": "慢慢变强",
        "ground": "cognition",
        "cover": cover("慢慢变强", "cognition"),
        "instructor": "林若谷",
        "state": "全 8 讲",
        "line": "每天二十分钟，把学习做成一件能做一辈子的事。",
    },
    {
        "title": "城市的暗线",
        "ground": "city",
        "cover": cover("城市的暗线", "city"),
        "instructor": "许砚",
        "state": "11 月 30 日上线",
        "line": "水、电、路与菜市场：看见托住日子的那些线。",
    },
]


@dataclass(frozen=True)
class SampleStage:
    label: str
    done: int
    of: int
    state: str


STAGES = [
    SampleStage("自己", 4, 4, "done"),
    SampleStage("众人", 2, 8, "now"),
    SampleStage("世界", 0, 4, "ahead"),
]
MOST_STAGES = [
    SampleStage(label, 3 if number < 3 else 0, 3, "done" if number < 3 else "ahead")
    for number, label in enumerate(
        ["记得住", "写得清", "一群人怎样聚拢", "Trust and time", "城市的暗线", "山", "海"]
    )
]
PATHS = {
    "path": path_picture.draw(STAGES, task="最后一题", task_state="ahead"),
    "path_long": path_picture.draw(MOST_STAGES, task="最后一题", task_state="done"),
}

# Every ground and, as it happens, every family.
GROUNDS = [
    {"ground": ground, "cover": cover(title, ground, track=title == TRACK)}
    for ground, title in (
        ("business", COURSE_TITLE),
        ("cognition", "慢慢变强"),
        ("science", "数字会说谎吗"),
        ("city", "城市的暗线"),
        ("arts", "Thinking, Fast and Slow"),
        ("history", "地图之前，人怎样认路"),
        ("philosophy", "学会学习"),
        ("other", TRACK),
    )
]
SHARED = Shared(
    title=COURSE_TITLE,
    line="从一口锅讲到一个群：信任怎样变成生意，又怎样不被生意毁掉。",
    site="日知",
    address="https://example.com/courses/yiqun-ren/",
    kind="website",
    image=f"/styleguide/pictures/business/{quote(COURSE_TITLE)}-card.jpg",
    image_width=1200,
    image_height=630,
    poster=f"/styleguide/pictures/business/{quote(COURSE_TITLE)}-poster.png",
)

BARS = [
    Bar(f"11 月 {number + 1} 日", minutes, label=f"11/{number + 1}" if number % 7 == 1 else "")
    for number, minutes in enumerate(2 * [0, 22, 18, 31, 0, 12, 20, 24, 0, 0, 27, 16, 21, 40])
]

# A lesson that is only listed, as components/hear.html plays it.
HEAR = [
    ("lesson", 1),
    ("title", LESSONS[1][0]),
    ("course", COURSE_TITLE),
    ("course-url", "/styleguide/course/"),
    ("url", "/styleguide/lesson/1/"),
    ("duration", LESSONS[1][1]),
    ("position", 0),
    ("beat-url", "/study/beat/"),
    ("media", f"/styleguide/sound/{LESSONS[1][1]}/"),
]


def _filter_row(label: Any, *options: Any, current: int = 0) -> dict[str, object]:
    return {
        "label": label,
        "options": [
            {"label": option, "url": "?", "current": number == current}
            for number, option in enumerate(options)
        ],
    }


FINDINGS = [
    {
        "title": SafeString("<mark>信任</mark>是怎么一天天攒下来的"),
        "snippet": SafeString("同样是守信，哪一次记的账最大？"),
        "url": "/styleguide/lesson/2/",
        "facts": [COURSE_TITLE, "第 2 讲", "11 分"],
        "is_free": True,
    },
    {
        "title": COURSE_TITLE,
        "snippet": SafeString("<mark>信任</mark>、需求与圈子的八堂课"),
        "url": "/styleguide/course/",
        "facts": ["周明远", "共 8 讲"],
    },
]

EVERYTHING: dict[str, object] = {
    "bars": BARS,
    "findings": FINDINGS,
    "hear": HEAR,
    "spines": [
        {"name": name, "ground": ground, "number": number, "get_absolute_url": "/styleguide/"}
        for name, ground, number in [
            ("商业", "business", 12),
            ("认知", "cognition", 8),
            ("科学", "science", 3),
            ("城市", "city", 1),
            ("文艺", "arts", 0),
            ("历史", "history", 6),
            ("哲学", "philosophy", 2),
            ("其他", "other", 1),
        ]
    ],
    "filter_rows": [
        _filter_row(
            _("Discipline"),
            pgettext_lazy("filter", "All"),
            "商业",
            "认知",
            "科学",
            "城市",
            "文艺",
            "历史",
            "哲学",
            "其他",
        ),
        _filter_row(_("Form"), pgettext_lazy("filter", "All"), _("Audio"), _("Video"), current=1),
        _filter_row(pgettext_lazy("filter", "Order"), _("Newest"), _("Shortest"), _("Longest")),
    ],
    "course_title": COURSE_TITLE,
    "courses": COURSES,
    "grounds": GROUNDS,
    "cover": cover(COURSE_TITLE, "business"),
    "shared": SHARED,
    "rows": ROWS,
    "row_states": [{**row, "state": state} for row, state in zip(ROWS, STATES, strict=True)],
    "question": PAYWALL_QUESTION,
    "gets": ["全部 8 讲，音频与全文", "学习权限不过期", "思考题与留言"],
    "ponder": QUESTION,
    "tabs": [
        {"label": _("In study"), "url": "?tab=now", "current": True, "count": 2},
        {"label": _("Done"), "url": "?tab=done", "count": 0},
        {"label": _("Bought"), "url": "?tab=bought", "count": None},
    ],
    "days": [
        {"label": label, "studied": n in (0, 1, 3), "today": n == 3, "ahead": n > 3, "words": words}
        for n, (label, words) in enumerate(
            [
                ("一", "周一：学了 22 分钟"),
                ("二", "周二：学了 18 分钟"),
                ("三", "周三：没有学习"),
                ("四", "今天：学了 12 分钟"),
                ("五", "周五"),
                ("六", "周六"),
                ("日", "周日"),
            ]
        )
    ],
    "steps": [
        {"label": "自己", "state": "done"},
        {"label": "众人", "state": "now"},
        {"label": "世界", "state": "ahead"},
    ],
    **PATHS,
    "crumbs": [("首页", "/"), ("课程", "/courses/"), (COURSE_TITLE, "")],
    "definitions": [
        ("适合谁", "想把一群人聚在一起，又不想靠吆喝的人。"),
        ("形式", "音频与全文，8 讲，约 85 分钟"),
        ("讲师", "周明远，虚构人物；声音为合成语音"),
        ("退款", "购买后 7 天内、学习不超过 3 讲，可全额退款。"),
    ],
}
