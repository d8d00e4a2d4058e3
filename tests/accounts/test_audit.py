"""What staff do is written down, for those who look after the site, and cannot be rewritten."""

import csv
import io
import re
from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.db import IntegrityError, models, transaction
from django.utils import timezone
from wagtail.log_actions import log
from wagtail.models import ModelLogEntry, PageLogEntry, Site

from accounts import privacy, roles
from accounts.models import User
from courses import grants
from courses.models import GrantChange
from operations import clock
from payments import refund_requests
from payments.models import MoneyEntry
from tests.accounts.browser import log_in, second_step, text_of
from tests.accounts.doors import prove_now
from tests.accounts.factories import PASSWORD, UserFactory, give_app, operator
from tests.factories import course
from tests.payments.factories import OrderFactory, course_price
from tests.payments.staff import at_desk, somebody
from tests.payments.test_admin_listings import money_entry

pytestmark = pytest.mark.django_db
HISTORY = "/admin/reports/site-history/"


def entry(action: str) -> ModelLogEntry:
    return ModelLogEntry.objects.get(action=action)


# --- what is written down ------------------------------------------------------------------------


def edit_form(person: User, **fields: Any) -> dict[str, Any]:
    kept = {"name": person.name, "language": "zh-hans", "time_zone": "Asia/Shanghai"}
    return kept | {"is_active": "on"} | fields


def test_a_role_given_and_taken_names_who_did_it_and_which() -> None:
    desk = at_desk(roles.OPERATOR)
    person = UserFactory()
    address = f"/admin/users/edit/{person.pk}/"
    editor = Group.objects.get(name=roles.EDITOR)
    desk.post(address, edit_form(person, groups=[editor.pk]))
    given = ModelLogEntry.objects.filter(action="accounts.give_role").latest("timestamp")
    assert (given.user, given.object_id) == (somebody(desk), str(person.pk))
    assert given.data == {"what": ["editor"]}
    desk.post(address, edit_form(person))
    assert entry("accounts.take_role").data == {"what": ["editor"]}


def test_roles_changed_by_another_way_are_written_down_too() -> None:
    person, group = UserFactory(), Group.objects.get(name=roles.FINANCE)
    group.user_set.add(person)
    assert entry("accounts.give_role").object_id == str(person.pk)
    assert entry("accounts.give_role").user is None
    person.groups.clear()
    assert entry("accounts.take_role").data == {"what": ["finance"]}
    group.user_set.set([person])
    group.user_set.clear()
    assert ModelLogEntry.objects.filter(action="accounts.take_role").count() == 2


def test_an_account_that_is_shut_and_opened_again() -> None:
    desk = at_desk(roles.OPERATOR)
    person = UserFactory()
    form = edit_form(person)
    del form["is_active"]
    desk.post(f"/admin/users/edit/{person.pk}/", form)
    assert entry("accounts.close").user == somebody(desk)
    desk.post(f"/admin/users/edit/{person.pk}/", edit_form(person))
    assert entry("accounts.reopen").object_id == str(person.pk)


def test_access_by_hand_and_taking_it_back() -> None:
    page, buyer = course(title="一群人的生意"), UserFactory()
    source: dict[str, Any] = {
        "learner": buyer,
        "source_kind": "staff",
        "source_id": "hand-1",
        "covers": [page],
    }
    actor, now = operator(), clock.now()
    grants.sync(**source, starts_at=now, now=now, actor=actor, reason="讲座嘉宾")
    given = entry("courses.give_access")
    assert (given.user, given.label) == (actor, "一群人的生意")
    assert given.data == {"learner": buyer.pk, "reason": "讲座嘉宾", "until": None}
    grants.sync(**source, starts_at=now, ends_at=now, now=now, actor=actor, reason="再学一年")
    assert entry("courses.extend_access").data["reason"] == "再学一年"
    grants.sync(**source, starts_at=now, withdrawn_at=now, now=now, actor=actor, reason="给错了")
    assert entry("courses.withdraw_access").data["reason"] == "给错了"


def test_access_that_follows_from_money_is_no_act_of_staff() -> None:
    now = clock.now()
    source: dict[str, Any] = {"source_kind": "purchase", "source_id": "order-1"}
    grants.sync(learner=UserFactory(), **source, covers=[course()], starts_at=now, now=now)
    assert not ModelLogEntry.objects.filter(action__startswith="courses.").exists()


def test_refunds_and_refusals() -> None:
    now, actor, buyer = clock.now(), UserFactory(roles=[roles.FINANCE]), UserFactory()
    paid = OrderFactory(fulfilled=True, buyer=buyer, price=course_price(course()))
    asked = refund_requests.ask(order=paid, learner=buyer, now=now)
    refund_requests.decline(request=asked, reason="已听完", actor=actor, now=now)
    assert (entry("payments.decline").user, entry("payments.decline").data["reason"]) == (
        actor,
        "已听完",
    )
    refund_requests.approve(order=paid, reason="还是退吧", actor=actor, now=now)
    refund_requests.approve(order=paid, reason="再点一次", actor=actor, now=now)
    assert entry("payments.refund").data["reason"] == "还是退吧"


def test_two_people_behind_one_refund() -> None:
    now, first, second = clock.now(), UserFactory(), UserFactory()
    paid = OrderFactory(fulfilled=True, price=course_price(course(), amount=99900))
    request = refund_requests.approve(order=paid, reason="重复购买", actor=first, now=now)
    refund_requests.confirm(request=request, actor=second, now=now)
    assert (entry("payments.propose").user, entry("payments.propose").data["reason"]) == (
        first,
        "重复购买",
    )
    assert entry("payments.confirm_refund").user == second


def test_publishing_and_taking_down_are_in_wagtails_own_log() -> None:
    desk = at_desk(roles.EDITOR)
    page = course(live=False)
    page.save_revision().publish(user=somebody(desk))
    desk.post(f"/admin/pages/{page.pk}/unpublish/")
    desk.post(f"/admin/pages/{page.pk}/delete/")
    logged = PageLogEntry.objects.filter(page_id=page.pk, user=somebody(desk))
    actions = set(logged.values_list("action", flat=True))
    assert {"wagtail.publish", "wagtail.unpublish", "wagtail.delete"} <= actions


def test_a_second_step_that_staff_change_and_no_learners(client: Any) -> None:
    learner, person = UserFactory(password=PASSWORD), operator()
    for each in (learner, person):
        give_app(each)
        log_in(client, each.email)
        second_step(client)
        prove_now(client, each)
        client.post("/account/2fa/recovery-codes/generate/")
        client.post("/account/2fa/totp/deactivate/")
        client.post("/account/logout/")
    logged = ModelLogEntry.objects.filter(action="accounts.second_factor")
    assert {row.user_id for row in logged} == {person.pk}
    assert ["removed", "totp"] in [row.data["what"] for row in logged]


@pytest.mark.parametrize("address", ["/admin/money/orders/", HISTORY])
def test_every_table_that_staff_download(address: str) -> None:
    desk = at_desk(roles.FINANCE)
    desk.get(address)
    assert not ModelLogEntry.objects.filter(action="accounts.export").exists()
    desk.get(address, {"export": "csv"})
    desk.get(address, {"export": "xlsx"})
    rows = ModelLogEntry.objects.filter(action="accounts.export").order_by("pk")
    assert [row.data["what"][1] for row in rows] == ["csv", "xlsx"]
    assert {row.user for row in rows} == {somebody(desk)}
    told = "下载了表格"
    assert told in desk.get(HISTORY).text
    assert told not in at_desk(roles.FINANCE, email="other@example.org").get(HISTORY).text


@pytest.mark.parametrize("words", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_no_cell_of_wagtails_own_tables_computes(words: str) -> None:
    desk = at_desk(roles.OPERATOR)
    log(instance=course(), action="wagtail.edit", title=words, user=somebody(desk))
    [row] = [
        r for r in csv_rows_of_wagtail(desk) if words.strip() in r["名字"] or words in r["名字"]
    ]
    assert row["名字"] == f"'{words}"


def csv_rows_of_wagtail(desk: Any, address: str = HISTORY) -> list[dict[str, str]]:
    """By Chinese headings, as Excel opens it."""
    answer = desk.get(address, {"export": "csv"})
    assert answer["Content-Type"] == "text/csv; charset=utf-8"
    text = b"".join(answer.streaming_content).decode()
    assert text.startswith("\ufeff")
    return list(csv.DictReader(io.StringIO(text[1:], newline="")))


def test_the_history_is_downloaded_with_its_reasons_and_in_local_time() -> None:
    desk = at_desk(roles.OPERATOR)
    three_entries(somebody(desk))
    rows = csv_rows_of_wagtail(desk)
    assert "已发起退款：¥99 · 重复购买" in [row["详情"] for row in rows]
    today = timezone.localdate().isoformat()
    assert all(re.fullmatch(rf"{today} \d\d:\d\d:\d\d", row["日期/时间"]) for row in rows)


def test_people_are_downloaded_line_by_line() -> None:
    desk = at_desk(roles.OPERATOR)
    learner = UserFactory(name="林岚", email="linlan@example.com")
    rows = csv_rows_of_wagtail(desk, "/admin/users/")
    assert [row for row in rows if learner.email in row.values() and "林岚" in row.values()]


# --- who reads it --------------------------------------------------------------------------------


def three_entries(actor: User) -> None:
    """One about people, one about money, one about a page."""
    log(instance=actor, action="accounts.give_role", user=actor, data={"what": ["moderator"]})
    paid = OrderFactory(fulfilled=True, price=course_price(course(title="一群人的生意")))
    refund_requests.approve(order=paid, reason="重复购买", actor=actor, now=clock.now())
    log(instance=course(title="另一门"), action="wagtail.publish", user=actor)


def test_it_is_read_in_the_readers_language() -> None:
    desk = at_desk(roles.OPERATOR)
    three_entries(somebody(desk))
    assert "获得了角色：版主" in desk.get(HISTORY).text
    assert "已发起退款：¥99 · 重复购买" in desk.get(HISTORY).text


READERS = {  # role → sees what is about people, money, pages
    roles.EDITOR: (False, False, True),
    roles.MODERATOR: (False, False, False),
    roles.FINANCE: (False, True, False),
    roles.OPERATOR: (True, True, True),
}


@pytest.mark.parametrize("role", READERS)
def test_each_role_reads_what_is_about_its_own_work(role: str) -> None:
    desk = at_desk(role)
    three_entries(UserFactory(roles=[roles.OPERATOR], name="郑运维"))
    read = text_of(desk.get(HISTORY))
    marks = ("获得了角色：版主", "重复购买", "另一门")
    assert tuple(mark in read for mark in marks) == READERS[role]


def test_it_is_narrowed_down_by_who_what_and_when() -> None:
    desk = at_desk(roles.OPERATOR)
    one, other = UserFactory(name="甲"), UserFactory(name="乙")
    log(instance=one, action="accounts.close", user=one, data={"reason": "甲的理由"})
    log(instance=other, action="accounts.reopen", user=other, data={"reason": "乙的理由"})
    for query in ({"user": one.pk}, {"action": "accounts.close"}):
        read = text_of(desk.get(HISTORY, query))
        assert ("甲的理由" in read, "乙的理由" in read) == (True, False), query
    tomorrow = timezone.localdate() + timezone.timedelta(days=1)
    assert "甲的理由" not in text_of(desk.get(HISTORY, {"timestamp_from": tomorrow.isoformat()}))


# --- it stays ------------------------------------------------------------------------------------


def one_of(model: type[models.Model]) -> models.Model:
    person = UserFactory()
    if model is GrantChange:
        now = clock.now()
        grants.sync(
            learner=person,
            source_kind="gift",
            source_id="1",
            covers=[course()],
            starts_at=now,
            now=now,
        )
        return GrantChange.objects.get()
    if model is MoneyEntry:
        return money_entry("txn_1")
    instance = Site.objects.get().root_page if model is PageLogEntry else person
    return log(instance=instance, action="wagtail.edit", user=person)


CHANGES = [
    (PageLogEntry, {"user_id": 999}),
    (PageLogEntry, {"action": "wagtail.create"}),
    (ModelLogEntry, {"data": {"what": ["nothing"]}}),
    (ModelLogEntry, {"timestamp": timezone.now()}),
    (ModelLogEntry, {"object_id": "7"}),
    (GrantChange, {"reason": "别的"}),
    (GrantChange, {"withdrawn_at": timezone.now()}),
    (MoneyEntry, {"amount": 1}),
]


@pytest.mark.parametrize(("model", "change"), CHANGES)
def test_the_database_refuses_to_rewrite_it(model: Any, change: dict[str, Any]) -> None:
    row = one_of(model)
    with pytest.raises(IntegrityError), transaction.atomic():
        models.QuerySet(model).filter(pk=row.pk).update(**change)


@pytest.mark.parametrize("model", [PageLogEntry, ModelLogEntry, GrantChange, MoneyEntry])
def test_the_database_refuses_to_delete_it(model: Any) -> None:
    row = one_of(model)
    with pytest.raises(IntegrityError), transaction.atomic():
        models.QuerySet(model).filter(pk=row.pk)._raw_delete("default")
    assert model.objects.filter(pk=row.pk).exists()


def test_who_deletes_their_account_is_called_by_their_number() -> None:
    actor = operator(name="郑运维")
    operator()
    log(instance=actor, action="wagtail.edit", user=actor)
    assert "郑运维" in {row.label for row in ModelLogEntry.objects.all()}
    privacy.erase(user=actor, now=clock.now())
    about = ModelLogEntry.objects.filter(object_id=str(actor.pk))
    assert {row.label for row in about} == {f"#{actor.pk}"}
    assert about.filter(user_id=actor.pk).exists()
