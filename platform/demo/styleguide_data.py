"""What the style guide shows: the demo's own matter, in small."""

from itertools import pairwise

from django.utils.safestring import SafeString

COURSE_TITLE = "一群人的生意"
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

COURSES = [
    {
        "title": "一群人的生意",
        "ground": "business",
        "instructor": "周明远",
        "state": "已更新 6/8 讲",
        "line": "从一口锅讲到一个群：信任怎样变成生意，又怎样不被生意毁掉。",
    },
    {
        "title": "慢慢变强",
        "ground": "cognition",
        "instructor": "林若谷",
        "state": "全 8 讲",
        "line": "每天二十分钟，把学习做成一件能做一辈子的事。",
    },
    {
        "title": "城市的暗线",
        "ground": "city",
        "instructor": "许砚",
        "state": "11 月 30 日上线",
        "line": "水、电、路与菜市场：看见托住日子的那些线。",
    },
]

EVERYTHING: dict[str, object] = {
    "course_title": COURSE_TITLE,
    "courses": COURSES,
    "grounds": [
        ("business", "一群人的生意"),
        ("cognition", "慢慢变强"),
        ("science", "数字会说谎吗"),
        ("city", "城市的暗线"),
        ("arts", "学会看画"),
        ("history", "地图之前"),
        ("philosophy", "问题的问题"),
        ("other", "学会学习"),
    ],
    "rows": ROWS,
    "row_states": [{**row, "state": state} for row, state in zip(ROWS, STATES, strict=True)],
    "question": PAYWALL_QUESTION,
    "gets": ["全部 8 讲，音频与全文", "学习权限不过期", "思考题与留言"],
    "ponder": QUESTION,
    "tabs": [
        {"label": "在学", "url": "?tab=now", "current": True, "count": 2},
        {"label": "学完", "url": "?tab=done", "count": 0},
        {"label": "已购", "url": "?tab=bought", "count": None},
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
    "crumbs": [("首页", "/"), ("课程", "/courses/"), (COURSE_TITLE, "")],
    "columns": [
        {"label": "订单"},
        {"label": "日期"},
        {"label": "状态"},
        {"label": "金额", "number": True},
    ],
    "table_rows": [
        ["一群人的生意", "2026 年 11 月 23 日", "已付款", "¥99"],
        ["会员，一年", "2026 年 10 月 1 日", "已退款", "¥365"],
    ],
    "definitions": [
        ("适合谁", "想把一群人聚在一起，又不想靠吆喝的人。"),
        ("形式", "音频与全文，8 讲，约 85 分钟"),
        ("讲师", "周明远，虚构人物；声音为合成语音"),
        ("退款", "购买后 7 天内、学习不超过 3 讲，可全额退款。"),
    ],
}
