"""Who hears a free lesson is led to sign up, and back to it."""

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
