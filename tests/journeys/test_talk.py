"""A learner asks about what is heard and what is read, and the instructor answers."""

import pytest

from accounts.models import User
from community.models import Comment
from courses.models import Instructor
from tests import factories
from tests.community.conftest import say
from tests.journeys import first_day as day
from tests.journeys.test_notes import SELECT, TEXT

LESSON = "/courses/self/00/"
QUOTE = "信任是一天天攒下来的"
LEARNER, TEACHER = "asker@example.org", "teacher@example.org"


@pytest.fixture
def lesson(live_server, settings, run_jobs, clock):
    from pages.setup import setup_site

    settings.BASE_URL = settings.WAGTAILADMIN_BASE_URL = live_server.url
    setup_site()
    course = factories.course(
        slug="self", title="慢慢变强", instructor=factories.InstructorFactory(name="林若谷")
    )
    return factories.lesson(
        course,
        slug="00",
        title="信任",
        free_preview=True,
        audio=factories.MediaFactory(),
        body=[("text", f"<p>{TEXT}</p><p>第二段，说的是另一件事。</p>")],
        transcript="",
    )


def enter(open_page, email):
    page = open_page(f"/account/signup/?next={LESSON}")
    day.sign_up(page, email, lands_on=LESSON)
    return page


def come_to_the_talk(page):
    page.locator("rz-talk").scroll_into_view_if_needed()
    page.wait_for_selector(".talk-write")


def stays_the_same(page, act):
    """Nothing is fetched in the place of the page that is shown."""
    page.evaluate("document.querySelector('#main').dataset.same = ''")
    act()
    page.wait_for_timeout(500)
    assert page.locator("#main[data-same]").count() == 1


def begin_to_write(page, text):
    come_to_the_talk(page)
    page.click(".talk-write summary")
    page.check("#talk [name=kind][value=question]")
    page.fill("#talk [name=text]", text)


def scripts(page):
    """What was fetched of them, by name."""
    names = "performance.getEntriesByType('resource').map((each) => new URL(each.name).pathname)"
    return {path.split("/static/")[1] for path in page.evaluate(names) if path.endswith(".js")}


def test_who_only_reads_fetches_nothing_of_the_talk(open_page, lesson):
    lesson.body.append(("text", "<p>一天一点，慢慢读下去。</p>" * 60))
    lesson.save()
    page = open_page(LESSON)
    page.wait_for_load_state("networkidle")
    alone = scripts(page)
    assert alone <= {"js/bundle.js", "django_htmx/htmx-2.min.js", "django_htmx/django-htmx.js"}
    page.locator("rz-talk").scroll_into_view_if_needed()
    page.wait_for_selector(".talk-empty")
    assert "js/talk/page.js" in scripts(page)
    page.click("[popovertarget=share] >> nth=0")
    page.wait_for_selector("[data-copy]:visible")
    assert "js/share.js" in scripts(page) - alone


def test_a_question_with_its_moment_is_asked_and_answered(open_page, look, lesson):
    page = enter(open_page, LEARNER)
    page.evaluate("document.querySelector('rz-player').seek(78)")
    come_to_the_talk(page)
    assert "还没有人留言" in page.inner_text("#talk")
    page.click(".talk-write summary")
    page.click("[data-now]")
    assert "1:18" in page.inner_text("[data-chip]")
    page.check("#talk [name=kind][value=question]")
    page.fill("#talk [name=text]", "为什么会一天天花掉？")
    look(page, "talk-form")
    page.click(".talk-form [type=submit]")
    page.wait_for_selector(".talk-list")
    assert page.url.endswith(LESSON)
    question = Comment.objects.get()
    assert (question.kind, question.at_seconds) == ("question", 78)
    assert page.evaluate("document.activeElement.id") == "talk-title"

    asked = enter(open_page, TEACHER)
    Instructor.objects.update(account=User.objects.get(email=TEACHER))
    asked.goto("/community/questions/")
    asked.click(".talk-write summary")
    asked.fill(".talk-write textarea", "失信一次，花掉的是攒了很多天的。")
    look(asked, "talk-questions")
    asked.click(".talk-write [type=submit]")
    asked.wait_for_selector(".talk-replies")

    page.reload()
    come_to_the_talk(page)
    page.wait_for_selector(".talk-replies")
    assert "讲师" in page.inner_text(".talk-replies .talk-head")
    look(page, "talk-answered")
    page.evaluate("document.querySelector('rz-player').seek(3)")
    stays_the_same(page, lambda: page.click("a[data-at]"))
    page.wait_for_function("() => document.querySelector('rz-player').at >= 78")


def test_a_sentence_is_quoted_from_the_text_and_leads_back_to_it(open_page, look, lesson):
    page = enter(open_page, LEARNER)
    page.wait_for_selector(".note-list", state="attached")
    page.evaluate(SELECT, QUOTE)
    page.wait_for_selector(".note-bar[role=toolbar]:visible")
    look(page, "talk-bar")
    page.click(".note-bar [data-talk]")
    page.wait_for_selector(".talk-form [data-quoted]:visible")
    assert page.evaluate("document.activeElement.name") == "text"
    page.fill("#talk [name=text]", "这一句抄给了我妈。")
    page.click(".talk-form [type=submit]")
    page.wait_for_selector("a[data-quote]")
    assert Comment.objects.get().quote == QUOTE
    stays_the_same(page, lambda: page.click("a[data-quote]"))
    page.wait_for_function("() => CSS.highlights.has('talk')")
    assert page.url.endswith(LESSON)
    page.click(".talk-list a[href*='change']")
    page.fill("#talk [name=text]", "这一句抄给了我妈，她没回。")
    page.click("#talk form [type=submit]")
    page.wait_for_selector("a[data-quote]")
    assert "她没回" in page.inner_text(".talk-list")
    page.click(".talk-list a[href*='remove']")
    page.wait_for_selector("#talk form[action*='remove']")
    look(page, "talk-remove")
    page.click("#talk form [type=submit]")
    page.wait_for_selector(".talk-empty")


def test_without_a_script_it_is_said_on_a_page_of_its_own(open_page, look, lesson):
    page = enter(open_page, LEARNER)
    state = page.context.storage_state()
    plain = open_page(LESSON, storage_state=state, java_script_enabled=False)
    plain.click("#talk a")
    plain.click(".talk-write summary")
    plain.fill("#talk [name=text]", "没有脚本也说得上话。")
    plain.fill("#talk [name=at]", "0:30")
    plain.click(".talk-form [type=submit]")
    assert "没有脚本也说得上话。" in plain.inner_text(".talk-list")
    assert Comment.objects.get().at_seconds == 30


def test_what_is_half_written_outlives_the_tabs_the_moment_and_an_answer(open_page, look, lesson):
    page = enter(open_page, LEARNER)
    author = User.objects.get(email=LEARNER)
    say(author, lesson, "这里没听懂。", kind="question", at_seconds=78)
    page.reload()
    begin_to_write(page, "写到一半")
    page.click("#talk .tabs a[href*='shown']")
    page.wait_for_selector("#talk .tabs a[aria-current][href*='shown']")
    assert page.input_value("#talk [name=text]") == "写到一半"
    assert page.is_visible("#talk [name=text]")
    assert page.is_checked("#talk [name=kind][value=question]")
    stays_the_same(page, lambda: page.click("a[data-at]"))
    assert page.input_value("#talk [name=text]") == "写到一半"
    page.click(".talk-list a[href*='answer']")
    page.wait_for_selector("#talk form[action*='answer']")
    page.click("#talk form[action*='answer'] a")
    page.wait_for_selector(".talk-form")
    assert page.input_value("#talk [name=text]") == "写到一半"
    page.click(".talk-form [type=submit]")
    page.wait_for_selector(".talk-text:has-text('写到一半')")
    assert page.input_value("#talk [name=text]") == ""
    assert Comment.objects.count() == 2


def test_what_was_written_when_the_session_ended_is_there_after_the_log_in(open_page, look, lesson):
    page = enter(open_page, LEARNER)
    begin_to_write(page, "写了很久的话。")
    page.context.clear_cookies(name="sessionid")
    page.click(".talk-form [type=submit]")
    page.wait_for_selector(".toast a")
    assert "请重新登录" in page.inner_text(".toast")
    assert page.input_value("#talk [name=text]") == "写了很久的话。"
    look(page, "talk-signed-out")
    page.click(".toast a")
    day.arrive(page, "/account/login/")
    day.sign_in_by_code(page, LEARNER, lands_on=LESSON)
    come_to_the_talk(page)
    page.wait_for_function("() => document.querySelector('#talk [name=text]')?.value")
    assert page.input_value("#talk [name=text]") == "写了很久的话。"
    page.click(".talk-form [type=submit]")
    page.wait_for_selector(".talk-list")
    assert Comment.objects.get().is_question


def test_a_comment_can_be_sent_after_a_log_in_in_another_tab(open_page, lesson, problems):
    page = enter(open_page, LEARNER)
    begin_to_write(page, "写了很久的话。")
    page.context.clear_cookies(name="csrftoken")  # as a log-in elsewhere makes it another one
    token = page.input_value(".talk-form [name=csrfmiddlewaretoken]")
    page.click(".talk-form [type=submit]")
    page.wait_for_selector(".toast")
    assert page.input_value("#talk [name=text]") == "写了很久的话。"
    page.wait_for_function(
        "(old) => document.querySelector('.talk-form [name=csrfmiddlewaretoken]').value !== old",
        arg=token,
    )
    page.click(".talk-form [type=submit]")
    page.wait_for_selector(".talk-text:has-text('写了很久的话。')")
    assert Comment.objects.get().is_question
    problems.clear()  # the browser notes the 403


def test_what_could_not_be_sent_is_there_after_a_reload_and_gone_once_it_is_sent(
    open_page, lesson, problems
):
    page = enter(open_page, LEARNER)
    begin_to_write(page, "在地铁里写的话。")
    page.context.set_offline(True)
    page.click(".talk-form [type=submit]")
    page.wait_for_selector(".toast")
    page.context.set_offline(False)
    for _ in range(2):
        page.reload()
        come_to_the_talk(page)
        page.wait_for_function("() => document.querySelector('#talk [name=text]')?.value")
        page.evaluate(
            "document.querySelector('rz-talk').dispatchEvent(new Event('htmx:sendError'))"
        )
    page.click(".talk-form [type=submit]")
    page.wait_for_selector(".talk-list")
    page.reload()
    come_to_the_talk(page)
    assert page.input_value("#talk [name=text]") == ""
    assert Comment.objects.get().text == "在地铁里写的话。"
    problems.clear()
