"""The page of a lesson, for who may open it."""

import pytest
from django.urls import reverse

from tests import factories

pytestmark = pytest.mark.django_db


def test_a_free_lesson_leads_to_signing_up_and_back(client):
    course = factories.course(slug="yiqun")
    factories.lesson(course, slug="00", free_preview=True)
    page = client.get("/courses/yiqun/00/").content.decode()
    assert f'href="{reverse("account_signup")}?next=/courses/yiqun/00/"' in page
    assert 'href=""' not in page


def test_a_body_kept_for_one_language_is_not_shown_in_another(client):
    course = factories.course(slug="yiqun")
    body = [("question", {"text": "你信谁？"})]
    factories.lesson(course, slug="00", free_preview=True, body=body)
    client.cookies["django_language"] = "en"
    assert "Question to ponder" in client.get("/courses/yiqun/00/").content.decode()
    client.cookies["django_language"] = "zh-hans"
    page = client.get("/courses/yiqun/00/").content.decode()
    assert "思考题" in page
    assert "Question to ponder" not in page
