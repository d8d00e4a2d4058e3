"""Staff at their desks: what each begins with, and a draft on the editor's own phone."""

import pytest

from courses.models import LessonPage
from tests.journeys import first_day as day

TITLE = "只在草稿里的题目"


@pytest.mark.usefixtures("demo_site")
def test_an_editor_looks_at_a_draft_on_a_phone(open_page, look):
    lesson = LessonPage.objects.get(url_path__endswith="/yiqun-ren/02/")
    lesson.title = TITLE
    lesson.save_revision()
    desk = open_page("/admin/", width=1280)
    day.sign_in_as_staff(desk, "editor", lands_on="/admin/")
    assert desk.title() == "工作台 - 日知书社"
    look(desk, "desk-editor")
    editor = f"/admin/pages/{lesson.pk}/edit/"
    day.click(desk, f".desk-rows a[href='{editor}']", editor)
    desk.click("[aria-label='预览开关']")
    preview = desk.frame_locator("#w-preview-iframe")
    preview.locator(f"text={TITLE}").first.wait_for(state="attached")
    with desk.expect_popup() as opened:
        desk.click(".w-preview [aria-label='在手机上预览']")
    code = opened.value
    code.set_viewport_size({"width": 1280, "height": 900})
    code.click(".phone-code nav a:has-text('访客')")
    code.wait_for_selector(".phone-code nav [aria-current]:has-text('访客')")
    look(code, "phone-code")

    phone = open_page(str(code.get_attribute("#phone-address", "href")))
    assert phone.inner_text(".draft-banner") == "草稿预览，30 分钟内有效"
    assert TITLE in phone.inner_text("#main")
    look(phone, "phone-draft")
    assert phone.context.cookies() == []


@pytest.mark.usefixtures("demo_site")
@pytest.mark.parametrize("role", ["finance", "operator"])
def test_others_begin_with_their_own_work(open_page, look, role):
    desk = open_page("/admin/")
    day.sign_in_as_staff(desk, role, lands_on="/admin/")
    first = {"finance": "等你处理", "operator": "开站清单"}[role]
    assert desk.inner_text(".desk-panel h2 >> nth=0").startswith(first)
    look(desk, f"desk-{role}")


@pytest.mark.usefixtures("demo_site")
def test_a_list_wider_than_the_phone_is_seen_whole(open_page):
    day.buy_course("learner@example.com", "yiqun-ren")
    phone = open_page("/admin/")
    day.sign_in_as_staff(phone, "finance", lands_on="/admin/")
    phone.goto("/admin/money/orders/")
    phone.hover(".listing tbody td >> nth=0")
    phone.mouse.wheel(2000, 0)
    phone.wait_for_function(  # a function: an expression would be evaluated in the page
        "() => [...document.querySelectorAll('.listing tbody td')].at(-1)"
        ".getBoundingClientRect().right <= innerWidth"
    )
