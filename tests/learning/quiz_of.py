"""A quiz with a question of every kind, and a learner who answers it."""

import re
from typing import Any

from django.test import Client

from courses.models import LessonPage
from learning.models import QuizAttempt

KEY = "钥匙"  # stands in whatever only those may see who have answered


def choice(text: str, is_right: bool = False) -> dict[str, Any]:
    return {"text": text, "is_right": is_right, "why": f"{KEY}，因为{text}"}


def single(prompt: str = "哪一样先来？") -> tuple[str, dict[str, Any]]:
    choices = [choice("人", True), choice("货")]
    value = {"prompt": prompt, "choices": choices, "is_shuffled": True, "why": f"{KEY}一"}
    return "single", value


MULTIPLE = (
    "multiple",
    {
        "prompt": "哪些算信任？",
        "choices": [choice("守时", True), choice("认错", True), choice("打折")],
        "is_shuffled": True,
        "why": "",
    },
)
TRUE_FALSE = ("true_false", {"prompt": "先有货。", "right": "false", "why": f"{KEY}三"})
FILL = ("fill", {"prompt": "缩写是？", "accepted": [f"{KEY}Ａ b", "甲"], "why": ""})
ORDER = ("order", {"prompt": "排一排。", "items": ["来信", "回信", "书店"], "why": f"{KEY}五"})
SHORT = ("short", {"prompt": "说说看。", "model": f"{KEY}六", "why": ""})
EVERY_KIND = [single(), MULTIPLE, TRUE_FALSE, FILL, ORDER, SHORT]


def pool(ask: int, *questions: Any) -> tuple[str, dict[str, Any]]:
    return "pool", {"ask": ask, "questions": list(questions)}


class Pupil:
    """Someone at the page of a quiz."""

    def __init__(self, client: Client, lesson: LessonPage) -> None:
        self.client = client
        self.address = f"/study/quiz/{lesson.pk}/"

    def page(self) -> str:
        answer = self.client.get(self.address)
        assert answer.status_code == 200
        return str(answer.content.decode())

    def start(self) -> str:
        assert self.client.post(f"{self.address}start/").status_code == 302
        return self.page()

    def post(self, what: str, **data: Any) -> Any:
        return self.client.post(f"{self.address}{what}/", {"attempt": attempt().number} | data)

    def answer(self, *, right: bool = True, **changes: Any) -> Any:
        """All as it should be, or all otherwise."""
        return self.post("answer", **answers(right) | changes)


def attempt() -> QuizAttempt:
    return QuizAttempt.objects.latest("started_at")


def answers(right: bool) -> dict[str, Any]:
    """To the questions of the open attempt, of which only the server knows what is right."""
    given: dict[str, Any] = {}
    for place, question in enumerate(attempt().questions):
        name, options = f"q{place}", question["options"]
        match question["kind"]:
            case "fill":
                given[name] = question["accepted"][0] if right else "乙"
            case "short":
                given[name] = "我想是这样。"
            case "order":
                places = [option["place"] for option in options]
                shown = places if right else [*places[1:], places[0]]
                given |= {f"{name}_{i}": each for i, each in enumerate(shown)}
            case _:
                chosen = [i for i, each in enumerate(options) if each["is_right"] == right]
                given[name] = chosen
    return given


def total(html: str) -> str:
    found = re.search(r'<p class="quiz-points">([^<]+)</p>', html)
    return found[1] if found else ""
