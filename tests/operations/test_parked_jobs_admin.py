"""Staff see parked jobs in the admin and run them again."""

import pytest
from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group, Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django_tasks_db.models import DBTaskResult

from operations import jobs
from operations.models import ParkedJob
from tests.operations import sample_jobs

pytestmark = pytest.mark.django_db


@pytest.fixture
def parked(tmp_path) -> ParkedJob:
    sample_jobs.note.enqueue(file=str(tmp_path / "log"), line="x")
    jobs.park(task_result=DBTaskResult.objects.get(), error="ValueError: 没货", now=timezone.now())
    return ParkedJob.objects.get()


@pytest.fixture
def staff(client, settings):
    """Signs in someone with these permissions; the second factor is tested with accounts."""
    settings.MIDDLEWARE = [name for name in settings.MIDDLEWARE if "accounts." not in name]

    def sign_in(*codenames: str) -> None:
        group = Group.objects.create(name="some staff")
        permissions = Permission.objects.filter(codename__in=["access_admin", *codenames])
        group.permissions.set(permissions)
        user = get_user_model().objects.create_user("o@example.com", "pw", is_staff=True)
        user.groups.add(group)
        client.force_login(user)

    return sign_in


def test_an_operator_sees_what_failed_and_why(client, staff, parked) -> None:
    staff("view_parkedjob", "change_parkedjob")
    listing = client.get(reverse("parked-jobs:index"))
    assert "tests.operations.sample_jobs.note" in listing.text
    assert "没货" in listing.text
    page = client.get(reverse("parked-jobs:inspect", args=[parked.pk]))
    assert reverse("parked-jobs:run_again", args=[parked.pk]) in page.text


def test_an_operator_runs_it_again(client, staff, parked, run_jobs, tmp_path) -> None:
    staff("view_parkedjob", "change_parkedjob")
    answer = client.post(reverse("parked-jobs:run_again", args=[parked.pk]))
    assert answer.status_code == 302
    run_jobs()
    assert (tmp_path / "log").read_text() == "x\n"
    assert not ParkedJob.objects.exists()


def test_one_whose_code_is_gone_is_left_with_a_message(client, staff, parked) -> None:
    staff("view_parkedjob", "change_parkedjob")
    ParkedJob.objects.update(path="learning.gone.forever")
    client.post(reverse("parked-jobs:run_again", args=[parked.pk]))
    assert ParkedJob.objects.exists()


def test_who_may_only_look_cannot_run_it(client, staff, parked) -> None:
    staff("view_parkedjob")
    page = client.get(reverse("parked-jobs:inspect", args=[parked.pk]))
    address = reverse("parked-jobs:run_again", args=[parked.pk])
    assert address not in page.text
    assert client.post(address).status_code in (302, 403)
    assert ParkedJob.objects.exists()


def test_other_staff_see_nothing_of_it(client, staff, parked) -> None:
    staff()
    answer = client.get(reverse("parked-jobs:index"))
    assert answer.status_code in (302, 403)
    assert "没货" not in answer.text


def test_running_again_is_not_done_by_following_a_link(client, staff, parked) -> None:
    staff("view_parkedjob", "change_parkedjob")
    assert client.get(reverse("parked-jobs:run_again", args=[parked.pk])).status_code == 405


def test_more_parked_jobs_cost_no_more_queries(client, staff, parked) -> None:
    staff("view_parkedjob")
    client.get(reverse("parked-jobs:index"))
    with CaptureQueriesContext(connection) as few:
        client.get(reverse("parked-jobs:index"))
    for number in range(15):
        parked.pk, parked.fingerprint = None, str(number)
        parked.save()
    with CaptureQueriesContext(connection) as many:
        client.get(reverse("parked-jobs:index"))
    assert len(many) == len(few)
