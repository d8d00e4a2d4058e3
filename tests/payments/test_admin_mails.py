"""The mails about money at the desks of finance and of operators."""

from datetime import timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from wagtail.models import ModelLogEntry

from accounts import roles
from accounts.models import OutboxMessage
from tests.factories import UserFactory
from tests.payments import shown
from tests.payments.factories import NOW
from tests.payments.staff import at_desk, csv_rows

pytestmark = pytest.mark.django_db
LISTING = "/admin/money/mails/"
AT = "2026 年 11 月 23 日 12:00"


@pytest.fixture
def desk() -> Client:
    return at_desk(roles.FINANCE)


def mail(subject: str, **fields: Any) -> Any:
    """To Amy, at the address that she had."""
    user = fields.pop("user", None) or UserFactory(email=f"{subject}@example.org")
    given = {"to": "amy@old.example", "about": "money", "text": f"正文 {subject}"} | fields
    return OutboxMessage.objects.create(
        key=subject,
        user=user,
        language="zh-hans",
        subject=subject,
        html="",
        **{"created_at": NOW} | given,
    )


def page(row: OutboxMessage, name: str = "inspect") -> str:
    return reverse(f"money-mails:{name}", args=[row.pk])


def not_of_money() -> list[OutboxMessage]:
    """The code of a sign-in, a present's, and one whose words are gone."""
    return [mail("code", about=""), mail("present", about="present"), mail("old", text="")]


def test_the_mails_about_money_and_whether_they_went_out(desk):
    not_of_money()
    mail("sent", sent_at=NOW + timedelta(minutes=1), error="before", caught=True)
    mail("waits", created_at=NOW + timedelta(minutes=1))
    mail("failed", created_at=NOW + timedelta(minutes=2), error="550", caught=True)
    mail("caught", created_at=NOW + timedelta(minutes=3), caught=True)
    to, on = "amy@old.example", "2026 年 11 月 23 日 12"
    assert shown.listed(desk.get(LISTING)) == [
        ["caught", to, "未设置邮件服务器", f"{on}:03", ""],
        ["failed", to, "未发出：550", f"{on}:02", ""],
        ["waits", to, "处理中", f"{on}:01", ""],
        ["sent", to, "发出", f"{on}:00", f"{on}:01"],
    ]
    subjects = {
        query: {row[0] for row in shown.listed(desk.get(f"{LISTING}?sent={query}"))}
        for query in ("true", "false")
    }
    assert subjects == {"true": {"sent"}, "false": {"waits", "failed", "caught"}}
    exported = {row["主题"]: row["状态"] for row in csv_rows(desk, LISTING)}
    assert exported == {
        **{"caught": "未设置邮件服务器", "failed": "未发出：550"},
        **{"waits": "处理中", "sent": "发出"},
    }


def test_a_mail_is_read_by_both_and_sent_again_by_finance(desk, run_jobs, mailoutbox):
    row, other = mail("开通了", attempts=2, sent_at=NOW), mail("别的")
    answer = desk.get(page(row))
    assert shown.facts(answer) == {
        "收件人": "amy@old.example",
        "主题": "开通了",
        "状态": "发出",
        "写于": AT,
        "发出": AT,
        "尝试次数": "2",
    }
    assert "正文 开通了" in answer.text
    assert shown.acts(answer) == ["再发一次"]
    assert shown.acts(at_desk(roles.OPERATOR).get(page(row))) == []
    said = [f"{AT} 的「开通了」会原样发往 {row.user.email}。"]
    assert shown.consequences(desk.get(page(row, "again"))) == said
    done = desk.post(page(row, "again"), follow=True)
    assert f"邮件正在发往 {row.user.email}。" in done.text
    again = OutboxMessage.objects.exclude(pk__in=[row.pk, other.pk]).get()
    assert (again.text, again.to, again.user) == (row.text, row.user.email, row.user)
    [entry] = ModelLogEntry.objects.filter(action="payments.send_mail")
    told = (entry.object_id, entry.label, entry.user)
    assert told == (str(again.pk), "开通了", desk.person)


def test_what_is_not_about_money_is_nobodys_to_read_or_send(desk):
    for row in not_of_money():
        assert desk.get(page(row)).status_code == 404
        assert desk.get(page(row, "again")).status_code == 404
        assert desk.post(page(row, "again")).status_code == 404
    assert OutboxMessage.objects.count() == 3


def test_who_left_or_is_locked_out_gets_none(desk):
    gone, closed = mail("gone"), mail("closed", user=UserFactory(is_active=False))
    OutboxMessage.objects.filter(pk=gone.pk).update(user=None)
    for row in (gone, closed):
        assert desk.get(page(row, "again")).url == page(row)
        assert desk.post(page(row, "again")).url == page(row)
    assert OutboxMessage.objects.count() == 2
