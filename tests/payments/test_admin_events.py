"""The inbox of webhooks at finance's desk."""

import json
from datetime import timedelta

import pytest
from bs4 import BeautifulSoup
from django.test import Client
from django.urls import reverse
from wagtail.models import ModelLogEntry

from accounts import roles
from payments.models import WebhookEvent
from tests.payments import shown
from tests.payments.factories import NOW, WebhookEventFactory
from tests.payments.staff import at_desk, csv_rows

pytestmark = pytest.mark.django_db
LISTING = "/admin/money/events/"
AT = "2026 年 11 月 23 日 12:00"
LONG = "cs_test_" + "x" * 25


@pytest.fixture
def desk() -> Client:
    return at_desk(roles.FINANCE)


def page(row: WebhookEvent, name: str = "inspect") -> str:
    return reverse(f"money-events:{name}", args=[row.pk])


def test_the_inbox_and_its_export_say_what_became_of_each(desk):
    done = WebhookEventFactory(object_id=LONG, outcome="done", processed_at=NOW)
    later = {"received_at": NOW + timedelta(minutes=1), "attempts": 3, "error": "Refused"}
    stuck = WebhookEventFactory(type="invoice.paid", object_id="in_1", outcome="parked", **later)
    assert shown.listed(desk.get(LISTING)) == [
        ["invoice.paid", "in_1", "需要人工查看", "3", "Refused", "2026 年 11 月 23 日 12:01"],
        ["checkout.session.completed", LONG[:29] + "...", "已完成", "0", "", AT],
    ]
    assert [row[0] for row in shown.listed(desk.get(LISTING, {"type": "invoice"}))] == [stuck.type]
    rows = {row["事件"]: row for row in csv_rows(desk, LISTING)}
    assert (rows[done.stripe_id]["对象"], rows[done.stripe_id]["结果"]) == (LONG, "已完成")
    assert rows[stuck.stripe_id]["错误"] == "Refused"


def test_an_event_is_written_out_and_replayed(desk):
    body = {"id": "evt_1", "data": {"object": {"name": "林岚"}}}
    row = WebhookEventFactory(
        body=json.dumps(body), object_id="cs_1", outcome="parked", error="Refused", attempts=8
    )
    other = WebhookEventFactory(outcome="parked", body="no JSON")
    answer = desk.get(page(row))
    assert shown.facts(answer) == {
        "事件": row.stripe_id,
        "类型": "checkout.session.completed",
        "对象": "cs_1",
        "发出": AT,
        "收到": AT,
        "尝试次数": "8",
        "结果": "需要人工查看",
        "错误": "Refused",
    }
    soup = BeautifulSoup(answer.content, "html.parser")
    assert soup.pre is not None
    assert soup.pre.get_text() == json.dumps(body, ensure_ascii=False, indent=2)
    assert "no JSON" in desk.get(page(other)).text
    [form] = [each for each in soup.select("form[method=post]") if each["action"] != "/logout/"]
    assert form["action"] == page(row, "replay")
    assert shown.acts(at_desk(roles.OPERATOR).get(page(row))) == []
    said = ["会从 Stripe 重新取回对象，没做完的接着做。不会重复发生。"]
    assert shown.consequences(desk.get(page(row, "replay"))) == said
    done = desk.post(page(row, "replay"), follow=True)
    assert "事件已排队，稍后在这里看到结果。" in done.text
    outcomes = {each.pk: each.outcome for each in WebhookEvent.objects.all()}
    assert outcomes == {row.pk: "received", other.pk: "parked"}
    [entry] = ModelLogEntry.objects.filter(action="payments.replay")
    assert (entry.object_id, entry.user) == (str(row.pk), desk.person)
