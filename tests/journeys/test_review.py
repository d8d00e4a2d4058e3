"""A learner keeps a sentence for review, and is asked on the next day, by keys alone."""

from datetime import timedelta

from learning.models import ReviewCard, ReviewLog
from tests.journeys import first_day as day
from tests.journeys.test_notes import QUOTE, SELECT, enter, lesson  # noqa: F401


def test_a_sentence_is_kept_asked_by_keys_and_planned(open_page, look, clock, lesson):  # noqa: F811
    page = enter(open_page, width=1280)
    page.evaluate(SELECT, QUOTE)
    page.wait_for_selector(".note-bar[role=toolbar]:visible")
    page.click("[data-mark='2']")
    page.click("mark.note-mark")
    page.click("#note-sheet [data-card='1']")
    page.wait_for_selector("#note-sheet [data-card='0']:visible")
    look(page, "review-sheet")
    assert ReviewCard.objects.get().front + ReviewCard.objects.get().back == QUOTE
    page.keyboard.press("Escape")

    page.goto("/study/review/")
    assert "下一次是" in page.inner_text("#main")
    clock.move(timedelta(days=1))
    page.goto("/study/")
    look(page, "review-study")
    day.click(page, "a[href='/study/review/']", "/study/review/")
    page.wait_for_selector(".review-keys", state="attached")
    page.wait_for_function("() => !document.querySelector('.review-keys').hidden")
    look(page, "review-front")
    page.keyboard.press("3")  # the answer is not shown yet: nothing
    page.keyboard.press("Space")
    page.wait_for_selector(".review-ratings:visible")
    look(page, "review-back")
    page.keyboard.press("3")
    page.wait_for_selector(".review-total")
    assert "再问" in page.inner_text("#main .rows")
    look(page, "review-done")
    assert [log.rating for log in ReviewLog.objects.all()] == [3]
    day.click(page, ".rows a", "/courses/self/00/")
    page.wait_for_selector("mark.note-mark.is-sought")

    page.set_viewport_size({"width": 375, "height": 812})
    page.goto("/study/review/statistics/")
    look(page, "review-statistics")
