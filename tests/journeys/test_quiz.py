"""A quiz on a phone: answered with mistakes, explained, tried again, passed; then the lesson is
done."""

import pytest

from tests import factories
from tests.journeys import first_day as day
from tests.learning.quiz_of import EVERY_KIND, answers

EMAIL = "pupil@example.org"
LESSON = "/courses/self/00/"


@pytest.fixture
def asked(live_server, settings, run_jobs, clock):
    """A free lesson with a question of every kind, in a course where quizzes count."""
    from pages.setup import setup_site

    settings.BASE_URL = settings.WAGTAILADMIN_BASE_URL = live_server.url
    setup_site()
    page = factories.course(slug="self", title="慢慢变强", quizzes_count=True)
    return factories.lesson(page, slug="00", free_preview=True, quiz=EVERY_KIND)


def fill_in(page, *, right):
    """What the form takes for these answers; only the server knows which those are."""
    for name, given in answers(right).items():
        if isinstance(given, list):
            for value in given if name == "q1" else given[:1]:
                page.check(f"[name={name}][value='{value}']")
        elif "_" in name:
            page.select_option(f"[name={name}]", str(given))
        else:
            page.fill(f"[name={name}]", given)


def hand_in(page):
    page.click("form.quiz [type=submit]")


def judge(page, word):
    page.wait_for_selector(".quiz-results")
    page.check(f"[form=judging][value='{word}']")
    page.click("[type=submit][form=judging]")
    page.wait_for_selector(".quiz-total")


def begin(page, address):
    day.click(page, "#main form[action$='/start/'] [type=submit]", address)
    page.wait_for_selector("form.quiz")


def test_a_quiz_is_failed_understood_and_passed(open_page, look, problems, asked):
    quiz = f"/study/quiz/{asked.pk}/"
    page = open_page(LESSON)
    day.click(page, ".quiz-card .button", quiz)
    look(page, "quiz-visitor")
    day.click(page, "#main a[href^='/account/signup/']", "/account/signup/")
    day.sign_up(page, EMAIL, lands_on=quiz)
    begin(page, quiz)
    look(page, "quiz-asked")

    page.fill("[name=q3]", "写了一半")
    hand_in(page)
    page.wait_for_selector(".form-errors")
    assert page.input_value("[name=q3]") == "写了一半"
    look(page, "quiz-open-questions")
    page.reload()  # of the quiz, not of the address that takes answers
    page.wait_for_selector("form.quiz")
    problems.clear()  # the browser notes the 422
    fill_in(page, right=False)
    hand_in(page)
    page.wait_for_selector(".quiz-results")
    look(page, "quiz-to-judge")
    judge(page, 0)
    assert page.locator(".quiz-result .badge-error").count() == 6
    assert "因为" in page.inner_text(".quiz-results")
    look(page, "quiz-failed")

    page.goto(LESSON)
    assert page.locator(".lesson-end button[name=done]").count() == 0
    day.click(page, ".quiz-card .button", quiz)
    begin(page, quiz)
    fill_in(page, right=True)
    hand_in(page)
    judge(page, 1)
    assert "答对 6 题" in page.inner_text(".quiz-points")
    look(page, "quiz-passed")
    day.click(page, "#main .quiz-back a", LESSON)
    assert "最好 6/6" in page.inner_text(".quiz-card")
    page.click(".lesson-end button[name=done]")
    page.wait_for_selector(".lesson-end .badge-ok")


def test_a_quiz_is_answered_without_javascript(open_page, asked):
    quiz = f"/study/quiz/{asked.pk}/"
    page = open_page(quiz, java_script_enabled=False)
    day.click(page, "#main a[href^='/account/signup/']", "/account/signup/")
    day.sign_up(page, EMAIL, lands_on=quiz)
    begin(page, quiz)
    fill_in(page, right=True)
    hand_in(page)
    judge(page, 1)
    assert "答对 6 题" in page.inner_text(".quiz-points")
