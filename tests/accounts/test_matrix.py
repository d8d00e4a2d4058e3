"""Who may do what to which thing: role × permission × object, whole, as it must be.

Columns: e editor, m moderator, f finance, o operator. A letter means yes, a hyphen no. Learners and
visitors open none of it (test_staff_doors walks every address). What is not in a table fails.
"""

import re
from typing import Any
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group, Permission
from django.utils import timezone
from wagtail.models import Collection, GroupCollectionPermission, GroupPagePermission, Site

from accounts import roles
from accounts.models import User
from community.models import Comment
from courses.models import Grant, LessonPage
from operations.url_classes import UrlClass
from payments import refund_requests
from payments.models import Offer, RefundRequest
from tests.accounts.browser import browser, log_in, second_step
from tests.accounts.doors import addresses
from tests.accounts.factories import PASSWORD, UserFactory, give_app
from tests.factories import (
    BundleFactory,
    DisciplineFactory,
    InstructorFactory,
    MembershipFactory,
    course,
    lesson,
)
from tests.payments.factories import (
    OrderFactory,
    PriceFactory,
    RedeemCodeFactory,
    SubscriptionFactory,
    course_price,
    reversible_fapiao,
    sold_in_advance,
)
from tests.payments.staff import at_desk
from tests.payments.test_admin_listings import one_of_each

pytestmark = pytest.mark.django_db
COLUMNS = (roles.EDITOR, roles.MODERATOR, roles.FINANCE, roles.OPERATOR)


def table(text: str) -> dict[str, str]:
    return dict(line.split() for line in text.strip().splitlines())


# Every permission that any role has. Superusers are nobody's role.
PERMISSIONS = table(
    """
    accounts.add_user              ---o
    accounts.change_outboxmessage  --f-
    accounts.change_user           ---o
    accounts.look_as_user          ---o
    accounts.view_outboxmessage    --fo
    accounts.view_user             ---o
    community.moderate_comment     em-o
    community.view_comment         em-o
    courses.add_bundle             e-fo
    courses.add_discipline         e--o
    courses.add_grant              --f-
    courses.add_instructor         e--o
    courses.add_membership         --fo
    courses.change_bundle          e-fo
    courses.change_discipline      e--o
    courses.change_grant           --f-
    courses.change_instructor      e--o
    courses.change_membership      --fo
    courses.delete_discipline      e--o
    courses.delete_instructor      e--o
    courses.view_bundle            e-fo
    courses.view_discipline        e--o
    courses.view_grant             --fo
    courses.view_instructor        e--o
    courses.view_membership        e-fo
    growth.add_letter              e--o
    growth.change_letter           e--o
    growth.delete_letter           e--o
    growth.view_letter             e--o
    learning.view_credential       e--o
    learning.withdraw_credential   e--o
    operations.change_parkedjob    ---o
    operations.delete_parkedjob    ---o
    operations.view_parkedjob      ---o
    operations.view_periodicrun    ---o
    operations.view_workerbeat     ---o
    pages.change_sitesettings      ---o
    payments.add_offer             --f-
    payments.add_price             --f-
    payments.add_redeembatch       --f-
    payments.add_promotioncode     --f-
    payments.add_revenueshare      --f-
    payments.change_difference     --f-
    payments.change_gift           --f-
    payments.change_offer          --f-
    payments.change_redeembatch    --f-
    payments.change_redeemcode     --f-
    payments.change_promotioncode  --f-
    payments.read_business         --f-
    payments.issue_fapiao          --f-
    payments.refund_order          --f-
    payments.replay_webhookevent   --f-
    payments.view_cancellation     --fo
    payments.view_customer         --fo
    payments.view_difference       --fo
    payments.view_dispute          --fo
    payments.view_gift             --fo
    payments.view_fapiao           --fo
    payments.view_invoice          --fo
    payments.view_matching         --fo
    payments.view_moneyentry       --fo
    payments.view_offer            --fo
    payments.view_order            --fo
    payments.view_pause            --fo
    payments.view_planchange       --fo
    payments.view_orderedcourse    --fo
    payments.view_presaleend       --fo
    payments.view_price            --fo
    payments.view_redeembatch      --fo
    payments.view_redeemcode       --fo
    payments.view_pricechange      --fo
    payments.view_promotioncode    --fo
    payments.view_promotionuse     --fo
    payments.view_refund           --fo
    payments.view_refundrequest    --fo
    payments.view_reservation      --fo
    payments.view_stripeprice      --fo
    payments.view_stripeproduct    --fo
    payments.view_stripepromotion  --fo
    payments.view_subscription     --fo
    payments.view_trial            --fo
    payments.view_webhookevent     --fo
    payments.view_winback          --fo
    wagtailadmin.access_admin      emfo
    wagtailredirects.add_redirect     ---o
    wagtailredirects.change_redirect  ---o
    wagtailredirects.delete_redirect  ---o
    wagtailredirects.view_redirect    ---o
    """
)
# Over the pages below the site's home, and over files.
PAGES = table(
    """
    add_page          e--o
    bulk_delete_page  e--o
    change_page       e--o
    lock_page         e--o
    publish_page      e--o
    unlock_page       e--o
    """
)
FILES = table(
    """
    add_document     e--o
    add_image        e--o
    add_media        e--o
    change_document  e--o
    change_image     e--o
    change_media     e--o
    choose_document  e--o
    choose_image     e--o
    """
)
# Every section of the administration, and each thing in it with its acts. {…} is a row's number.
ADDRESSES = table(
    """
    /admin/                                       emfo
    /admin/account/                               emfo
    /admin/pages/{page}/edit/                     e--o
    /admin/pages/{page}/copy/                     e--o
    /admin/pages/{page}/move/                     e--o
    /admin/pages/{page}/delete/                   e--o
    /admin/pages/{page}/unpublish/                e--o
    /admin/pages/{page}/history/                  e--o
    /admin/pages/{page}/usage/                    e--o
    /admin/pages/add/courses/lessonpage/{page}/   e--o
    /admin/phone/{page}/                          e--o
    /admin/images/                                e--o
    /admin/images/add/                            e--o
    /admin/documents/                             e--o
    /admin/documents/multiple/add/                e--o
    /admin/media/                                 e--o
    /admin/media/audio/add/                       e--o
    /admin/collections/                           ----
    /admin/snippets/                              ----
    /admin/snippets/courses/instructor/                       e--o
    /admin/snippets/courses/instructor/add/                   e--o
    /admin/snippets/courses/instructor/edit/{instructor}/     e--o
    /admin/snippets/courses/instructor/delete/{instructor}/   e--o
    /admin/snippets/courses/discipline/                       e--o
    /admin/snippets/courses/discipline/edit/{discipline}/     e--o
    /admin/snippets/courses/discipline/delete/{discipline}/   e--o
    /admin/snippets/courses/bundle/                           e-fo
    /admin/snippets/courses/bundle/add/                       e-fo
    /admin/snippets/courses/bundle/edit/{bundle}/             e-fo
    /admin/snippets/courses/bundle/delete/{bundle}/           ----
    /admin/snippets/courses/membership/                       e-fo
    /admin/snippets/courses/membership/add/                   --fo
    /admin/snippets/courses/membership/edit/{membership}/     --fo
    /admin/snippets/courses/membership/delete/{membership}/   ----
    /admin/users/                                 ---o
    /admin/users/new/                             ---o
    /admin/users/edit/{user}/                     ---o
    /admin/users/delete/{user}/                   ----
    /admin/users/history/{user}/                  ---o
    /admin/users/{user}/look/                     ---o
    /admin/users/{user}/second-step/              ---o
    /admin/groups/                                ----
    /admin/groups/new/                            ----
    /admin/sites/                                 ----
    /admin/sites/new/                             ----
    /admin/redirects/                             ---o
    /admin/redirects/add/                         ---o
    /admin/redirects/import/                      ---o
    /admin/settings/pages/sitesettings/{site}/    ---o
    /admin/parked-jobs/                           ---o
    /admin/certificates/                          e--o
    /admin/talk/                                  em-o
    /admin/talk/inspect/{comment}/                em-o
    /admin/talk/feature/{comment}/                em-o
    /admin/talk/hide/{comment}/                   em-o
    /admin/letters/                               e--o
    /admin/letters/new/                           e--o
    /admin/quizzes/{lesson}/                      e--o
    /admin/reports/site-history/                  emfo
    /admin/reports/locked/                        e--o
    /admin/reports/aging-pages/                   e--o
    /admin/reports/workflow/                      e--o
    /admin/reports/workflow_tasks/                e--o
    /admin/reports/page-types-usage/              e--o
    /admin/reports/wishes/                        e--o
    /admin/workflows/list/                        ----
    /admin/workflows/tasks/index/                 ----
    /admin/money/why/                             --fo
    /admin/money/orders/                          --fo
    /admin/money/orders/inspect/{orders}/         --fo
    /admin/money/orders/refund/{orders}/          --f-
    /admin/money/subscriptions/                   --fo
    /admin/money/subscriptions/inspect/{subscriptions}/   --fo
    /admin/money/cancellations/                   --fo
    /admin/money/invoices/                        --fo
    /admin/money/invoices/inspect/{invoices}/     --fo
    /admin/money/invoices/refund/{invoices}/      --f-
    /admin/money/disputes/                        --fo
    /admin/money/disputes/inspect/{disputes}/     --fo
    /admin/money/requests/                        --fo
    /admin/money/requests/inspect/{requests}/     --fo
    /admin/money/requests/approve/{requests}/     --f-
    /admin/money/requests/decline/{requests}/     --f-
    /admin/money/requests/confirm/{proposed}/     --f-
    /admin/money/refunds/                         --fo
    /admin/money/refunds/inspect/{refunds}/       --fo
    /admin/money/fapiao/                          --fo
    /admin/money/fapiao/inspect/{fapiao}/         --fo
    /admin/money/fapiao/correct/{reversible}/     --f-
    /admin/money/fapiao/issue/{fapiao}/           --f-
    /admin/money/fapiao/reverse/{reversible}/     --f-
    /admin/money/offers/                          --fo
    /admin/money/offers/new/                      --f-
    /admin/money/offers/edit/{offers}/            --f-
    /admin/money/offers/price-change/{dearer}/    --f-
    /admin/money/offers/inspect/{offers}/         --fo
    /admin/money/gifts/                           --fo
    /admin/money/gifts/inspect/{gifts}/           --fo
    /admin/money/gifts/send/{gifts}/              --f-
    /admin/money/gifts/take_back/{gifts}/         --f-
    /admin/money/batches/                         --fo
    /admin/money/batches/new/                     --f-
    /admin/money/batches/inspect/{batches}/       --fo
    /admin/money/batches/csv/{batches}/           --f-
    /admin/money/batches/revoke/{batches}/        --f-
    /admin/money/codes/                           --fo
    /admin/money/codes/inspect/{codes}/           --fo
    /admin/money/codes/revoke/{codes}/            --f-
    /admin/money/codes/withdraw/{used}/           --f-
    /admin/money/promotions/                      --fo
    /admin/money/promotions/new/                  --f-
    /admin/money/promotions/edit/{promotions}/    --f-
    /admin/money/promotions/inspect/{promotions}/ --fo
    /admin/money/offers/give-up/{presale}/        --f-
    /admin/money/grants/                          --fo
    /admin/money/grants/give/                     --f-
    /admin/money/grants/inspect/{grants}/         --fo
    /admin/money/grants/withdraw/{scholarship}/   --f-
    /admin/money/differences/                     --fo
    /admin/money/differences/inspect/{differences}/   --fo
    /admin/money/differences/settle/{differences}/    --f-
    /admin/money/entries/                         --fo
    /admin/money/entries/inspect/{entries}/       --fo
    /admin/money/events/                          --fo
    /admin/money/mails/                           --fo
    /admin/money/events/inspect/{events}/         --fo
    /admin/money/overview/                        --f-
    /admin/money/statements/2026-11/              --f-
    /admin/money/shares/                          --f-
    /admin/money/shares/add/                      --f-
    /admin/money/shares/{instructor}/2026-11/     --f-
    """
)
# Parts of pages and pickers: each shows only what its reader may see or choose (test_admin).
PARTS = {
    *("api", "bulk", "block-preview", "choose-page", "choose-external-link", "choose-email-link"),
    *("choose-phone-link", "choose-anchor-link", "dismissibles", "editing-sessions", "embeds"),
    *("files", "tag-autocomplete", "saved-filters", "test404", "x"),
}


@pytest.fixture
def things() -> dict[str, Any]:
    rows = {name.removeprefix("money-"): pk for name, pk in one_of_each().items()}
    bought = Grant.objects.get(pk=rows["grants"])
    give_app(person := UserFactory())
    given = {"source_kind": "scholarship", "source_id": "hand-1", "starts_at": bought.starts_at}
    return rows | {
        "used": RedeemCodeFactory(redeemed_by=UserFactory(), redeemed_at=bought.starts_at).pk,
        "presale": sold_in_advance().offer_id,
        "reversible": reversible_fapiao().pk,
        "page": course(lessons=1).pk,
        "lesson": lesson(course()).pk,
        "comment": a_comment().pk,
        "proposed": proposed_refund().pk,
        "dearer": dearer_offer().pk,
        "instructor": InstructorFactory().pk,
        "discipline": DisciplineFactory().pk,
        "bundle": BundleFactory().pk,
        "membership": MembershipFactory().pk,
        "user": person.pk,
        "site": Site.objects.get().pk,
        "scholarship": Grant.objects.create(
            learner=bought.learner, course=bought.course, **given
        ).pk,
    }


def a_comment() -> Comment:
    page, now = course(lessons=1), timezone.now()
    return Comment.objects.create(
        key=uuid4(),
        lesson=LessonPage.objects.child_of(page).get(),
        course=page,
        kind="comment",
        text="说得对。",
        created_at=now,
    )


def proposed_refund() -> RefundRequest:
    """One that a colleague has to confirm."""
    order = OrderFactory(fulfilled=True, price=course_price(course(), amount=99900))
    return refund_requests.approve(
        order=order, reason="x", actor=UserFactory(), now=order.created_at
    )


def dearer_offer() -> Offer:
    """One whose price is another than somebody renews at."""
    row = SubscriptionFactory(amount=3900)
    PriceFactory(offer=row.offer, amount=4900)
    return row.offer


def letters(having: set[str]) -> str:
    return "".join(role[0] if role in having else "-" for role in COLUMNS)


def given(rows: Any) -> dict[str, str]:
    """Codename → letters, of pairs of codename and group."""
    found: dict[str, set[str]] = {}
    for codename, group in rows:
        found.setdefault(codename, set()).add(group)
    return {codename: letters(groups) for codename, groups in found.items()}


def test_permissions_are_exactly_these() -> None:
    held = Permission.objects.filter(group__name__in=COLUMNS)
    rows = held.values_list("content_type__app_label", "codename", "group__name")
    assert given((f"{app}.{codename}", group) for app, codename, group in rows) == PERMISSIONS


def test_there_are_no_roles_but_these() -> None:
    assert set(Group.objects.values_list("name", flat=True)) == set(COLUMNS)


def test_powers_over_pages_and_files_are_exactly_these() -> None:
    pages = GroupPagePermission.objects.values_list("permission__codename", "group__name")
    assert given(pages) == PAGES
    files = GroupCollectionPermission.objects.values_list("permission__codename", "group__name")
    assert given(files) == FILES


@pytest.mark.parametrize("role", COLUMNS)
def test_each_role_opens_exactly_these_addresses(role: str, things: dict[str, Any]) -> None:
    desk = at_desk(role)
    wrong = []
    for address, may in ADDRESSES.items():
        answer = desk.get(address.format(**things))
        # Wagtail refuses by leading back to its first page.
        assert answer.status_code in (200, 302, 403, 404), (address, answer.status_code)
        if (answer.status_code == 200) != (role[0] in may):
            wrong.append((address, answer.status_code))
    assert wrong == []


def section(address: str) -> str:
    """admin/money/orders, admin/snippets/courses/membership, admin/users …"""
    parts = address.strip("/").split("/")
    depth = {"money": 3, "reports": 3, "snippets": 4, "workflows": 2}
    return "/".join(parts[: depth.get(parts[1] if len(parts) > 1 else "", 2)])


def test_every_section_of_the_administration_is_in_the_table() -> None:
    known = {section(re.sub(r"\{\w+\}", "1", address)) for address in ADDRESSES}
    found = {section(address) for address in addresses(UrlClass.STAFF)}
    found -= {f"admin/{part}" for part in PARTS}
    found = {each for each in found if not each.startswith("admin/snippets/choose/")}
    assert {each for each in found if each not in known} == set()


# --- own subtree, other subtree ------------------------------------------------------------------


@pytest.fixture
def of_one_course() -> tuple[Any, Any, Any, User]:
    """Somebody who may write in one course and nowhere else, by a group of their own."""
    own, other = course(lessons=1), course(lessons=1)
    group = Group.objects.create(name="一门课的编辑")
    group.permissions.add(Permission.objects.get(codename="access_admin"))
    for codename in ("add_page", "change_page"):
        permission = Permission.objects.get(
            content_type__app_label="wagtailcore", codename=codename
        )
        GroupPagePermission.objects.create(group=group, page=own, permission=permission)
    person = UserFactory(password=PASSWORD)
    person.groups.add(group)
    give_app(person)
    client = browser()
    log_in(client, person.email)
    second_step(client)
    return client, own, other, person


SUBTREE = ["edit", "copy", "history", "usage"]


@pytest.mark.parametrize("act", SUBTREE)
def test_who_has_one_course_opens_it_and_no_other(of_one_course: Any, act: str) -> None:
    client, own, other, _ = of_one_course
    for page in (own, own.get_children().get()):
        assert client.get(f"/admin/pages/{page.pk}/{act}/").status_code == 200
    for page in (other, other.get_children().get(), own.get_parent()):
        assert client.get(f"/admin/pages/{page.pk}/{act}/").status_code in (302, 403)


def test_and_changes_nothing_elsewhere(of_one_course: Any) -> None:
    client, own, other, person = of_one_course
    title = other.title
    for act in ("edit", "delete", "unpublish", "move", "copy", "privacy"):
        client.post(f"/admin/pages/{other.pk}/{act}/", {"title": "别人的", "slug": "x"})
    client.post(f"/admin/pages/{own.pk}/unpublish/")  # may write, may not take down
    client.post(f"/admin/pages/{own.pk}/delete/")
    for page in (own, other):
        page.refresh_from_db()
        assert page.live
    assert other.title == title
    assert not Collection.objects.filter(group_permissions__group__in=person.groups.all()).exists()
