"""Logs: structured, numbered, and without anything personal or secret."""

import json
import logging
import re
import time
from datetime import datetime, timedelta

import pytest
from django.test import Client

from operations import logs

SECRETS = {
    "e-mail": "reader@example.com",
    "e-mail in an address": "reader%40example.com",
    "Stripe key": "sk_test_51HabcDEF",
    "webhook secret": "whsec_abc123def456",
    "bearer": "Bearer eyJhbGciOiJIUzI1NiJ9.abc",
    "password": "password=hunter2hunter2",
    "session": "sessionid=8gk2l1x0z9",
    "JSON token": '"token": "abcdef:123456:xyz"',
    "card": "4242424242424242",
    "card with spaces": "4000 0000 0000 0002",
    "query": "/account/login/code/?secretcode=ABC123",
}


@pytest.mark.parametrize("secret", SECRETS.values(), ids=SECRETS.keys())
@pytest.mark.parametrize("formatter", [logs.JsonFormatter(), logs.PlainFormatter()])
def test_secrets_do_not_leave(formatter: logging.Formatter, secret: str) -> None:
    record = logging.makeLogRecord({"msg": "said %s!", "args": (secret,), "levelno": 20})
    line = formatter.format(record)
    hidden = re.split(r"[ :=?]+", secret)[-1].strip('"')
    assert hidden not in line
    assert (
        logs.HIDDEN in json.loads(line)["message"] if line.startswith("{") else logs.HIDDEN in line
    )


def test_what_is_neither_stays() -> None:
    text = "order 1234567890123456 of lesson 17 took 12.5 s at 2026-11-23T21:00:00"
    assert logs.scrub(text) == text


def test_an_error_is_scrubbed_too() -> None:
    try:
        raise ValueError("no such reader: reader@example.com")
    except ValueError as error:
        trace = (ValueError, error, error.__traceback__)
    record = logging.makeLogRecord({"msg": "failed", "exc_info": trace})
    entry = json.loads(logs.JsonFormatter().format(record))
    assert "no such reader" in entry["error"]
    assert "reader@example.com" not in entry["error"]


@pytest.mark.django_db
def test_a_request_is_one_line_with_its_number(client: Client, log_of) -> None:
    answer = client.get("/_util/login/?next=/x&email=reader@example.com")
    entries = [json.loads(line) for line in log_of().splitlines()]
    (entry,) = [entry for entry in entries if entry["logger"] == "requests"]
    assert entry["method"] == "GET"
    assert entry["path"] == "/_util/login/"
    assert entry["status"] == answer.status_code
    assert entry["ms"] >= 0
    assert datetime.fromisoformat(entry["at"]).utcoffset() == timedelta()
    assert entry["request_id"] == answer["X-Request-ID"]


def test_a_proxys_number_is_kept(client: Client) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": "from-the-proxy-0042"})
    assert answer["X-Request-ID"] == "from-the-proxy-0042"


@pytest.mark.parametrize("offered", ["short", "x" * 65, "with space here", "a\"b;c'd,e.f"])
def test_a_strange_number_is_replaced(client: Client, offered: str) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": offered})
    assert re.fullmatch(r"[0-9a-f]{32}", answer["X-Request-ID"])


@pytest.mark.django_db
@pytest.mark.urls("tests.operations.error_urls")
def test_no_secret_of_a_whole_visit_is_in_the_log(log_of) -> None:
    visitor = Client(raise_request_exception=False)
    visitor.get("/open/geheim-zeichen/")
    visitor.get("/account/confirm-email/MTE:1vNf3x:abcdefghijk-LMNOP/")
    visitor.get("/account/password/reset/key/2a-d9xk3l-5f1e2d3c4b5a69788796a5b4c3d2e1f0/")
    visitor.get("/account/login/?code=731902&email=reader%40example.com")
    visitor.post("/account/login/", {"login": "reader@example.com", "password": "hunter2hunter2"})
    visitor.get("/broken/", headers={"Authorization": "Basic cmVhZGVyOmh1bnRlcjI="})
    log = log_of()
    assert log.count('"logger": "requests"') == 6
    for secret in (
        "geheim-zeichen",
        "abcdefghijk-LMNOP",
        "5f1e2d3c4b5a69788796a5b4c3d2e1f0",
        "731902",
        "reader@example.com",
        "reader%40example.com",
        "hunter2hunter2",
        "sk_test_51Habc",
        "4242 4242 4242 4242",
        "cmVhZGVyOmh1bnRlcjI=",
    ):
        assert secret not in log, secret


def test_under_debug_a_line_is_words() -> None:
    record = logging.makeLogRecord({"msg": "GET /courses/ 200", "ms": 12, "levelno": 20})
    line = logs.PlainFormatter().format(record)
    assert re.fullmatch(r"\d\d:\d\d:\d\d  GET /courses/ 200  12 ms", line)


def test_an_endless_path_costs_no_time() -> None:
    began = time.thread_time()
    shown = logs.scrub("/admin/files/" + "大" * 40_000 + "-" * 40_000 + "/")
    assert shown.endswith("-/")
    assert time.thread_time() - began < 2
