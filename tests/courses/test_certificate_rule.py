"""What an editor asks before a course or a track gives a certificate."""

import re

import pytest
from django.db import IntegrityError, transaction
from wagtail.test.utils.form_data import inline_formset, nested_form_data, rich_text, streamfield

from courses.models import CoursePage

pytestmark = pytest.mark.django_db


def save(client, course, **fields):
    form = nested_form_data(
        {
            "title": course.title,
            "slug": course.slug,
            "form": "audio",
            "instructor": course.instructor_id,
            "introduction": rich_text(""),
            "questions": streamfield([]),
            "chapters": inline_formset([]),
            "comments": inline_formset([]),
            "planned_lessons": "0",
            "pass_percent": "60",
            "certificate_lessons": "100",
            "certificate_score": "0",
            "action-publish": "1",
            **fields,
        }
    )
    return client.post(f"/admin/pages/{course.pk}/edit/", form)


def test_an_editor_says_what_a_certificate_asks(client, editor, course):
    assert not course.gives_certificate
    shown = client.get(f"/admin/pages/{course.pk}/edit/").content.decode()
    assert "发结业证书" in shown
    asked = {"certificate_lessons": "80", "certificate_score": "60"}
    assert save(client, course, gives_certificate="on", **asked).status_code == 302
    found = CoursePage.objects.get(pk=course.pk)
    assert (found.gives_certificate, found.certificate_lessons, found.certificate_score) == (
        True,
        80,
        60,
    )


@pytest.mark.parametrize(
    "wrong",
    [{"certificate_lessons": "0"}, {"certificate_lessons": "101"}, {"certificate_score": "101"}],
)
def test_more_than_all_or_nothing_at_all_is_not_asked(client, editor, course, wrong):
    answer = save(client, course, gives_certificate="on", **wrong)
    assert answer.status_code == 200
    assert list(answer.context["form"].errors) == list(wrong)
    assert re.search(r"(最多|最少|至少)是? 1", str(answer.context["form"].errors))
    with pytest.raises(IntegrityError), transaction.atomic():
        CoursePage.objects.filter(pk=course.pk).update(**wrong)
