"""The administration as each role meets it: its name, its menu, its dashboard."""

import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from wagtail.admin.menu import Menu, admin_menu
from wagtail.admin.panels import FieldPanel, Panel, get_edit_handler
from wagtail.models import Page

from accounts import roles
from courses.models import (
    ArticlePage,
    CataloguePage,
    CoursePage,
    Discipline,
    Instructor,
    LessonPage,
    Membership,
)
from operations.models import ParkedJob
from pages.models import HomePage, PlainPage, SiteSettings
from tests import factories
from tests.accounts.test_roles import inside, person
from tests.payments.factories import OrderFactory

MENUS = {
    roles.EDITOR: {
        "页面": [],
        "教学": ["讲师", "学科", "会员"],
        "组合": [],
        "结业证书": [],
        "来信": [],
        "留言": [],
        "图片": [],
        "媒体": [],
        "文档": [],
        "报告": ["想学", "已锁定的页面", "工作流", "网站历史", "较早的页面"],
        "帮助": ["快捷键"],
    },
    roles.MODERATOR: {"留言": [], "帮助": ["快捷键"]},
    roles.FINANCE: {
        "教学": ["会员"],
        "组合": [],
        "资金": [
            "经营概览",
            "订单",
            "订阅",
            "取消续费",
            "账单",
            "退款申请",
            "退款",
            "争议",
            "发票",
            "对账差异",
            "资金流水",
            "Webhook 事件",
            "邮件",
            "月结单",
            "讲师分成",
            "网站历史",
        ],
        "销售": [
            "价格方案",
            "优惠码",
            "赠礼",
            "兑换码批次",
            "全部兑换码",
            "学习权限",
            "谁能打开什么？",
        ],
        "帮助": ["快捷键"],
    },
}
MENUS[roles.OPERATOR] = {
    **{name: MENUS[roles.EDITOR][name] for name in ("页面", "教学", "组合", "结业证书")},
    **{name: MENUS[roles.EDITOR][name] for name in ("来信", "留言")},
    # How the business goes is for finance alone.
    "资金": MENUS[roles.FINANCE]["资金"][1:-3],
    "销售": MENUS[roles.FINANCE]["销售"],
    **{name: MENUS[roles.EDITOR][name] for name in ("图片", "媒体", "文档", "报告")},
    "设置": ["站点设置", "用户", "重定向", "搁置的任务"],
    "帮助": ["快捷键"],
}


def items(menu: Menu, user: Any) -> list[Any]:
    request = RequestFactory().get("/admin/")
    request.user = user
    return sorted(menu.menu_items_for_request(request), key=lambda item: item.order)


def below(item: Any, user: Any) -> list[Any]:
    return items(item.menu, user) if hasattr(item, "menu") else []


@pytest.mark.django_db
@pytest.mark.parametrize("role", MENUS)
def test_a_role_has_its_own_menu_and_may_go_wherever_it_leads(role: str) -> None:
    user = person(role)
    client = inside(user)
    shown = {item: below(item, user) for item in items(admin_menu, user)}
    labels = {str(item.label): [str(each.label) for each in found] for item, found in shown.items()}
    assert labels == MENUS[role]
    assert list(labels) == list(MENUS[role])
    for item, found in shown.items():
        for each in found or [item]:
            assert each.url == "#" or client.get(each.url, follow=True).status_code == 200, each.url


@pytest.mark.django_db
def test_the_administration_bears_the_publishers_name_and_seal(settings: Any) -> None:
    SiteSettings.objects.update(name="晨读社", seal="晨")
    page = inside(person(roles.EDITOR)).get("/admin/pages/", follow=True).content.decode()
    assert " - 晨读社</title>" in page
    assert '<span class="desk-seal" aria-hidden="true">晨</span>' in page
    assert "icons/favicon" in page
    assert "css/admin.css" in page


@pytest.mark.django_db
def test_an_editor_begins_where_the_work_stopped() -> None:
    user = person(roles.EDITOR)
    client = inside(user)
    ours, other = factories.course(title="讲究", lessons=1), factories.course(title="别的")
    other.save_revision(user=person(roles.EDITOR), log_action=True)
    ours.get_children().get().specific.save_revision(user=user, log_action=True)
    draft = PlainPage.objects.get(slug="terms")
    draft.title = "新的条款"
    draft.save_revision(user=user)
    desk = client.get("/admin/").content.decode()
    assert f'href="/admin/pages/add/courses/lessonpage/{ours.pk}/"' in desk
    assert "在《讲究》" in desk
    assert "新的条款" in desk
    assert "缺音频" in desk  # its lesson has a transcript and no sound
    assert "等你处理" not in desk


@pytest.mark.django_db
def test_what_was_withdrawn_stands_apart_from_drafts_once() -> None:
    old = factories.course(title="旧课", lessons=2)
    for page in [*old.get_children().specific(), old]:
        page.unpublish()
    new = factories.course(title="新课")
    Page.objects.filter(pk=new.pk).update(live=False, first_published_at=None)
    Page.objects.filter(pk=new.pk).update(has_unpublished_changes=True)
    desk = inside(person(roles.EDITOR)).get("/admin/").content.decode()
    drafts = desk.split("草稿</h2>")[1].split("</ul>")[0]
    assert re.findall(r"<li><a [^>]*>([^<]*)</a>", drafts) == ["新课"]
    withdrawn = desk.split("已撤下</h2>")[1].split("</ul>")[0]
    assert re.findall(r"<li><a [^>]*>([^<]*)</a>", withdrawn) == ["旧课"]


@pytest.mark.django_db
def test_what_is_planned_stands_on_the_dashboard_with_its_date() -> None:
    client = inside(person(roles.EDITOR))
    course = factories.course(lessons=1)
    lesson = course.get_children().get().specific
    lesson.unpublish()
    lesson.go_live_at = timezone.now() + timedelta(days=3)
    lesson.save_revision().publish()
    desk = client.get("/admin/").content.decode()
    assert "已排期" in desk
    assert "发布</span>" in desk


@pytest.mark.django_db
def test_finance_sees_what_waits_and_is_led_to_the_very_rows() -> None:
    bought = OrderFactory(status="parked", paid_at=timezone.now())
    client = inside(person(roles.FINANCE))
    desk = client.get("/admin/").content.decode()
    assert '<a href="/admin/money/orders/?status=parked" class="waits"><b>1</b> 订单待查' in desk
    assert bought.buyer.email in desk
    assert bought.number in client.get("/admin/money/orders/?status=parked").content.decode()
    assert "写文章" not in desk


@pytest.mark.django_db
def test_an_operator_sees_whether_the_site_runs(settings: Any) -> None:
    settings.WORKER_REQUIRED = True
    ParkedJob.objects.create(path="a.b", arguments={}, attempts=5, parked_at=timezone.now())
    desk = inside(person(roles.OPERATOR)).get("/admin/").content.decode()
    assert "没有后台进程在运行" in desk
    assert 'class="waits"><b>1</b> 搁置的任务' in desk
    assert desk.index("opening-checklist") < desk.index("写文章")


@pytest.mark.django_db
def test_who_may_only_come_in_is_told_that_nothing_waits() -> None:
    user = person(roles.MODERATOR)
    guests = Group.objects.create(name="客人")
    guests.permissions.add(Permission.objects.get(codename="access_admin"))
    user.groups.set([guests])
    desk = inside(user).get("/admin/").content.decode()
    assert "这里还没有要你处理的事。" in desk
    assert "desk-panel" not in desk


@pytest.mark.django_db
@pytest.mark.parametrize("role", [roles.EDITOR, roles.FINANCE, roles.OPERATOR])
def test_more_work_needs_no_more_queries(role: str) -> None:
    client = inside(person(role))
    counts = []
    for _ in range(3):
        for page in [course := factories.course(lessons=2), *course.get_children().specific()]:
            page.save_revision()
        OrderFactory(fulfilled=True, paid_at=timezone.now())
        with CaptureQueriesContext(connection) as queries:
            client.get("/admin/")
        counts.append(len(queries))
    assert counts[1] == counts[2]


# --- help beside the fields ---------------------------------------------------------------------

OURS = [ArticlePage, CataloguePage, CoursePage, LessonPage, HomePage, PlainPage, SiteSettings]
SNIPPETS = [Instructor, Discipline, Membership]
# What the label or the heading over it says already.
CLEAR = {"show_contact_email", "show_in_menus", "terms_page", "privacy_page", "refunds_page"}
CLEAR |= {"contact_page", "comments", "go_live_at", "expire_at", "owner"}


def fields(panel: Panel) -> Iterator[FieldPanel]:
    if isinstance(panel, FieldPanel):
        yield panel
    for child in getattr(panel, "children", ()):
        yield from fields(child)


@pytest.mark.parametrize("model", [*OURS, *SNIPPETS], ids=lambda model: model.__name__)
def test_every_field_says_what_it_is_for(model: Any) -> None:
    owner = getattr(model, "snippet_viewset", model)
    own = getattr(owner, "get_edit_handler", None)
    handler = own() if own else get_edit_handler(model)
    silent = {
        panel.field_name
        for panel in fields(handler)
        # Fields of the form; they have their own.
        if panel.field_name not in ("transcript_file", "account_email")
        and not (panel.help_text or panel.db_field.help_text)
    }
    assert silent <= CLEAR


@pytest.mark.django_db
def test_the_two_menus_of_finance_look_different() -> None:
    user = person(roles.FINANCE)
    inside(user).get("/admin/")
    icons = {str(item.label): item.icon_name for item in items(admin_menu, user)}
    assert icons["资金"] != icons["销售"]
