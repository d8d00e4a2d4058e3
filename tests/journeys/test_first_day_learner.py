"""A visitor listens, meets the paywall, signs up, pays, studies, and goes on elsewhere."""

import pytest
from django.utils import translation

from courses import transcripts
from courses.models import LessonPage
from payments.models import WebhookEvent
from payments.sandbox.pages import card_form
from tests.journeys import first_day as day

EMAIL = "someone@example.org"
SMALL_PHONE = {"width": 375, "height": 667}


@pytest.mark.usefixtures("demo_site")
def test_from_the_preface_to_the_paid_lesson_and_on_to_another_device(open_page, look):
    page = open_page("/")
    look(page, "home")
    day.click(page, f"#main a[href='{day.PREFACE}']", day.PREFACE)
    day.play(page)
    day.hear_until(page, 60)
    heard_as_visitor = day.position(page)
    look(page, "lesson-visitor")

    day.click(page, ".lesson-bar-course", day.COURSE)
    look(page, "course-visitor")
    day.click(page, f".lesson-row[href='{day.PAID}']", day.PAID)
    assert_paywall_fits_and_keeps_the_lesson(page)
    look(page, "paywall")

    day.click(page, ".paywall .button-primary", "/payments/buy")
    bought = day.address_of(page.url)
    look(page, "buy")
    day.click(page, "#main .button-primary", "/account/login/")
    look(page, "login")
    day.click(page, "#main a[href^='/account/signup/']", "/account/signup/")
    look(page, "signup")
    day.sign_up(page, EMAIL, lands_on=bought)
    day.click(page, "#main .button-primary", "/sandbox/checkout")
    look(page, "checkout")
    day.pay(page, day.DECLINED_CARD, lands_on="/sandbox/checkout")
    with translation.override("zh-hans"):
        assert page.inner_text(".callout-error") == str(card_form.DECLINED)
    look(page, "checkout-declined")
    day.pay(page, day.GOOD_CARD)

    begin = page.locator("#main .button:visible")
    assert begin.count() == 1
    assert begin.get_attribute("href") == day.FIRST
    assert not WebhookEvent.objects.exists()
    look(page, "bought")
    day.click(page, "#main .button-primary", day.FIRST)
    day.click(page, ".lesson-turn [rel=next]", day.PAID)
    day.play(page)
    day.hear_until(page, 100)
    left_at = day.position(page)
    look(page, "lesson")

    # The preface that was heard without an account has been carried over.
    page.wait_for_function(
        "() => !Object.keys(localStorage).some((k) => k.startsWith('rz:study:'))"
    )

    other = open_page("/account/login/?next=/study/")
    day.sign_in_by_code(other, EMAIL, lands_on="/study/")
    look(other, "study")
    other.click(".going-on .hear")  # it sounds right there, from where she was
    day.sounds(other, after=left_at - 5)
    assert day.position(other) == pytest.approx(left_at, abs=5)
    assert day.address_of(other.url) == "/study/"
    day.click(other, ".going-on a", day.PAID)
    day.sounds(other, after=left_at - 5)
    day.click(other, ".lesson-turn [rel=prev]", day.FIRST)
    day.click(other, ".lesson-turn [rel=prev]", day.PREFACE)
    kept = float(other.locator("rz-lesson").get_attribute("data-position"))
    assert kept == pytest.approx(heard_as_visitor, abs=5)


def assert_paywall_fits_and_keeps_the_lesson(page):
    lesson = LessonPage.objects.get(slug="02", question=page.inner_text(".paywall-question"))
    before = page.viewport_size
    page.set_viewport_size(SMALL_PHONE)
    assert page.inner_text(".paywall .price-amount") == "¥99"
    assert page.is_visible(".paywall-foot a[href='/refunds/']")
    for part in (".paywall-question", ".price", ".button-primary", ".paywall-foot"):
        box = page.locator(f".paywall {part}").first.bounding_box()
        assert box["y"] + box["height"] <= SMALL_PHONE["height"], part
    page.set_viewport_size(before)
    told = page.request.get(day.PAID).text()
    assert lesson.question in told
    assert "/media/" not in told
    spoken = {cue.text for cue in transcripts.parse(lesson.transcript)} - {lesson.title}
    assert not [sentence for sentence in spoken if sentence in told]
