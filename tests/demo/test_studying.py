"""The demo's member has something to read again and something to recall."""

import io
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.urls import reverse

from accounts.models import User
from demo.selling import MEMBER
from learning import note_places, notes
from learning.models import Credential, Highlight, ReviewCard
from operations import clock as site_clock


def demo() -> None:
    call_command("demo", "--no-business", stdout=io.StringIO())


@pytest.mark.django_db
def test_what_the_member_marked_stands_there_once_and_some_is_asked_today(settings, tmp_path):
    settings.DATA = tmp_path
    demo()
    member = User.objects.get(email=MEMBER.email)
    marked = list(Highlight.objects.filter(learner_id=member.pk))
    places = note_places.of_pages(member, [note.page_id for note in marked])
    assert len(marked) == 4
    assert not any(notes.is_lost(note, places[note.page_id]) for note in marked)
    assert all(note.prefix and note.suffix for note in marked)
    today = site_clock.now().date() + timedelta(days=1)  # wherever the member is
    assert ReviewCard.objects.filter(learner_id=member.pk, due_on__lte=today).count() == 3

    demo()
    assert Highlight.objects.count() == 4


@pytest.mark.django_db
def test_the_member_has_a_certificate_that_everybody_may_look_at(client, settings, tmp_path):
    settings.DATA = tmp_path
    demo()
    demo()
    row = Credential.objects.get()
    assert (row.name, row.title, row.publisher) == ("陈一舟", "慢慢变强", "日知书社")
    page = client.get(row.get_absolute_url())
    assert row.shown_number in page.text
    client.force_login(User.objects.get(email=MEMBER.email))
    paper = client.get(reverse("credential_pdf", args=[row.number]))
    assert paper.content.startswith(b"%PDF-")
