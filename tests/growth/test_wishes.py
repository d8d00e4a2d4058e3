"""想学: wanting what is only planned, and being told when it opens."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client, override_settings
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import roles
from accounts.models import OutboxMessage, User
from courses.models import CoursePage
from growth import upkeep, wishes
from growth.models import Wish
from operations import clock
from payments import presale
from tests.accounts.test_roles import inside, person
from tests.factories import UserFactory, course, lesson
from tests.learning.conftest import buy
from tests.payments.factories import planned_course, sold_in_advance

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def by_day(time_machine: Any) -> None:
    time_machine.move_to(timezone.localtime().replace(hour=12))


@pytest.fixture
def learner(client: Client) -> User:
    user = UserFactory(email="lin@example.com")
    client.force_login(user)
    return user


@pytest.fixture
def planned() -> CoursePage:
    return planned_course(days=10, title="还没开的课")


def wish(client: Client, page: CoursePage, wanted: str = "1", **more: str) -> Any:
    return client.post(f"/wishes/{page.pk}/", {"wanted": wanted, **more})


def shown(client: Client, page: CoursePage) -> str:
    return client.get(page.get_absolute_url()).content.decode()


def wished_by(page: CoursePage, number: int) -> list[User]:
    people: list[User] = [UserFactory() for _each in range(number)]
    for each in people:
        wishes.make(learner=each, course=page, now=clock.now())
    return people


def open_now(page: CoursePage) -> None:
    CoursePage.objects.filter(pk=page.pk).update(opens_on=timezone.localdate(clock.now()))


def mails() -> list[OutboxMessage]:
    return list(OutboxMessage.objects.filter(key__startswith="wish-open-").order_by("pk"))


# --- on the page ---------------------------------------------------------------------------------


def test_a_planned_course_is_wished_for_by_one_tap_and_not_by_a_second(
    client: Client, learner: User, planned: CoursePage
) -> None:
    assert "想学" in shown(client, planned)
    for _tap in range(2):
        assert wish(client, planned).url == planned.get_absolute_url()
    assert Wish.objects.get().learner == learner
    assert "已记下，开课时写信告诉你。" in shown(client, planned)


def test_a_wish_is_taken_back_without_a_trace(
    client: Client, learner: User, planned: CoursePage
) -> None:
    wish(client, planned)
    wish(client, planned, "0", next="/study/")
    assert not Wish.objects.exists()


def test_only_what_is_planned_and_out_can_be_wished_for(client: Client, learner: User) -> None:
    wish(client, course())
    assert wish(client, planned_course(live=False)).status_code == 404
    assert client.post("/wishes/99999999999999999999/", {"wanted": "1"}).status_code == 404
    assert not Wish.objects.exists()


def test_a_visitor_signs_in_and_comes_back_to_the_button(
    client: Client, planned: CoursePage
) -> None:
    page = shown(client, planned)
    assert f'href="/account/login/?next={planned.get_absolute_url()}"' in page
    assert "<form" not in page.split('class="buy-bar"')[1].split("</main>")[0]
    answer = wish(client, planned)
    assert answer.url == f"/account/login/?next={planned.get_absolute_url()}"
    assert not Wish.objects.exists()


def test_so_many_want_it_is_said_from_three_on(client: Client, planned: CoursePage) -> None:
    wished_by(planned, 2)
    assert "人想学" not in shown(client, planned)
    wished_by(planned, 1)
    assert "3 人想学" in shown(client, planned)


def test_beside_a_presale_the_wish_is_the_quiet_one(
    client: Client, learner: User, planned: CoursePage
) -> None:
    sold_in_advance(planned)
    page = shown(client, planned)
    bar = page.split('class="buy-bar"')[1]
    assert "提前购买" in bar
    assert "/wishes/" not in bar
    assert "/wishes/" in page


def test_who_has_it_or_bought_it_in_advance_is_not_asked(
    client: Client, learner: User, planned: CoursePage
) -> None:
    buy(learner, planned)
    assert "/wishes/" not in shown(client, planned)


def test_what_was_called_off_is_wished_for_no_more_but_can_be_taken_back(
    client: Client, learner: User, planned: CoursePage
) -> None:
    price = sold_in_advance(planned)
    presale.give_up(offer=price.offer, reason="x", actor=UserFactory(), now=clock.now())
    assert "/wishes/" not in shown(client, planned)
    Wish.objects.create(learner=learner, course=planned, wished_at=clock.now())
    assert "/wishes/" in shown(client, planned)


def test_it_costs_one_query_on_a_planned_course_and_none_on_another(
    client: Client, planned: CoursePage
) -> None:
    for page, asked in ((planned, 1), (course(), 0)):
        with CaptureQueriesContext(connection) as found:
            shown(client, page)
        assert sum("growth_wish" in each["sql"] for each in found) == asked, page


@override_settings(SHARED_SECONDS=60)
def test_the_page_that_visitors_share_says_nothing_of_one(
    client: Client, learner: User, planned: CoursePage
) -> None:
    wished_by(planned, 3)
    wish(client, planned)
    assert "已记下" in shown(client, planned)
    visitor = Client()
    for _look in range(2):
        page = shown(visitor, planned)
        assert "4 人想学" in page
        assert "已记下" not in page
        assert "csrfmiddlewaretoken" not in page.split('class="buy-bar"')[1].split("</main>")[0]


def test_the_study_page_lists_what_one_waits_for(
    client: Client, learner: User, planned: CoursePage
) -> None:
    assert "想学" not in client.get("/study/").content.decode()
    wish(client, planned)
    page = client.get("/study/").content.decode()
    assert planned.title in page.split('id="wishes"')[1]


def test_more_wishes_on_the_study_page_ask_no_more(client: Client, learner: User) -> None:
    wish(client, planned_course())
    with CaptureQueriesContext(connection) as few:
        client.get("/study/")
    for _more in range(3):
        wish(client, planned_course())
    with CaptureQueriesContext(connection) as many:
        client.get("/study/")
    assert len(many) == len(few)


# --- told ----------------------------------------------------------------------------------------


def test_each_is_told_once_when_it_opens(planned: CoursePage, run_jobs: Any) -> None:
    people = wished_by(planned, 3)
    upkeep.tell_of_opened_courses(clock.now())
    assert mails() == []
    open_now(planned)
    for _run in range(2):
        upkeep.tell_of_opened_courses(clock.now())
    assert [each.to for each in mails()] == [each.email for each in people]
    mail = mails()[0]
    assert mail.subject == "你想学的《还没开的课》开课了"
    assert planned.get_absolute_url() in mail.text
    assert not Wish.objects.filter(told_at=None).exists()


def test_who_may_begin_is_led_to_the_first_lesson(planned: CoursePage) -> None:
    [one, _other] = wished_by(planned, 2)
    buy(one, planned)
    open_now(planned)
    upkeep.tell_of_opened_courses(clock.now())
    first, second = mails()
    assert f"{planned.get_absolute_url()}00/" in first.text
    assert "现在就可以开始学" in first.text
    assert f"{planned.get_absolute_url()}00/" not in second.text


def test_what_is_not_there_to_learn_is_not_told_of(planned: CoursePage) -> None:
    empty, gone = course(opens_on=planned.opens_on), planned_course()
    for page in (empty, gone):
        wished_by(page, 1)
        open_now(page)
    CoursePage.objects.filter(pk=gone.pk).update(live=False)
    upkeep.tell_of_opened_courses(clock.now())
    assert mails() == []
    lesson(empty)
    upkeep.tell_of_opened_courses(clock.now())
    assert len(mails()) == 1


def test_what_was_called_off_is_not_told_of(planned: CoursePage) -> None:
    price = sold_in_advance(planned)
    wished_by(planned, 1)
    presale.give_up(offer=price.offer, reason="x", actor=UserFactory(), now=clock.now())
    open_now(planned)
    upkeep.tell_of_opened_courses(clock.now())
    assert mails() == []


def test_who_has_gone_is_not_told(planned: CoursePage) -> None:
    [one] = wished_by(planned, 1)
    User.objects.filter(pk=one.pk).update(is_active=False)
    open_now(planned)
    upkeep.tell_of_opened_courses(clock.now())
    assert mails() == []


def test_a_run_that_was_broken_off_is_taken_up(
    planned: CoursePage, monkeypatch: pytest.MonkeyPatch
) -> None:
    wished_by(planned, 5)
    open_now(planned)
    monkeypatch.setattr(wishes, "AT_ONCE", 2)
    Wish.objects.filter(pk=Wish.objects.earliest("pk").pk).update(told_at=clock.now())
    upkeep.tell_of_opened_courses(clock.now())
    assert len(mails()) == 4


def test_it_may_be_taken_back_no_more_once_it_was_told(
    client: Client, learner: User, planned: CoursePage
) -> None:
    wish(client, planned)
    open_now(planned)
    upkeep.tell_of_opened_courses(clock.now())
    wish(client, planned, "0")
    assert Wish.objects.get().told_at


# --- for editors ---------------------------------------------------------------------------------


def test_editors_read_what_is_wanted_most() -> None:
    little, much = planned_course(title="少人要"), planned_course(title="多人要")
    wished_by(little, 1)
    wished_by(much, 3)
    Wish.objects.filter(course=much).update(wished_at=clock.now() - timedelta(days=40))
    wishes.make(learner=UserFactory(), course=much, now=clock.now())
    client = inside(person(roles.EDITOR))
    page = client.get("/admin/reports/wishes/").content.decode()
    assert page.index("多人要") < page.index("少人要")
    row = page.split("多人要")[1].split("</tr>")[0]
    assert 'is-number">4</td>' in row
    assert 'is-number">1</td>' in row


def test_more_courses_ask_no_more_of_the_report() -> None:
    client = inside(person(roles.EDITOR))
    wished_by(planned_course(), 1)
    client.get("/admin/reports/wishes/")
    with CaptureQueriesContext(connection) as few:
        client.get("/admin/reports/wishes/")
    for _more in range(3):
        wished_by(planned_course(), 1)
    with CaptureQueriesContext(connection) as many:
        client.get("/admin/reports/wishes/")
    assert len(many) == len(few)


def test_a_day_that_passed_with_nothing_out_leaves_the_wish_open(
    client: Client, learner: User, planned: CoursePage
) -> None:
    wish(client, planned)
    yesterday = timezone.localdate(clock.now()) - timedelta(days=1)
    CoursePage.objects.filter(pk=planned.pk).update(opens_on=yesterday)
    planned.get_children().live().delete()
    said = "开课日已过，还没有更新"
    assert said in client.get("/study/").content.decode()
    assert 'name="wanted" value="0"' in shown(client, planned)
    wish(client, planned, "0")
    assert said in shown(client, planned)
    wish(client, planned)
    assert Wish.objects.filter(learner=learner).exists()
    editor = inside(person(roles.EDITOR))
    assert said in editor.get("/admin/reports/wishes/").content.decode()
    upkeep.tell_of_opened_courses(clock.now())
    assert mails() == []


def test_nobody_is_told_at_night(learner: User, planned: CoursePage) -> None:
    wishes.make(learner=learner, course=planned, now=clock.now())
    lesson(planned)
    open_now(planned)
    noon = timezone.localtime(clock.now())
    for hour in (0, 7, 21):
        upkeep.tell_of_opened_courses(noon.replace(hour=hour))
    assert mails() == []
    upkeep.tell_of_opened_courses(noon.replace(hour=8))
    assert len(mails()) == 1
