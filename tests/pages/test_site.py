"""Whose site it is, its legal pages, and the list of what is still to set."""

from typing import Any

import pytest
from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import connection
from django.template import Context, Template
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from accounts import mail, roles
from pages import checklist, setup, texts
from pages.models import HomePage, PlainPage, SiteSettings
from tests.accounts.browser import browser, log_in, second_step, text_of
from tests.accounts.factories import PASSWORD, UserFactory, give_app, operator

pytestmark = pytest.mark.django_db
SLUGS = ["terms", "privacy", "refunds", "contact"]


def chosen() -> SiteSettings:
    return SiteSettings.objects.get()


def render(source: str) -> str:
    request = RequestFactory().get("/")
    return Template("{% load site %}" + source).render(Context({"request": request})).strip()


@pytest.mark.parametrize("slug", SLUGS)
def test_the_pages_the_law_asks_for_are_there_from_the_first_day(client: Any, slug: str) -> None:
    answer = client.get(f"/{slug}/")
    assert answer.status_code == 200
    title, body = texts.load(slug)
    page = text_of(answer)
    assert title in page
    assert PlainPage.objects.get(slug=slug).version.isoformat() in page
    assert "<h2>" not in page
    assert body


@pytest.mark.parametrize("slug", SLUGS)
def test_the_delivered_texts_are_set_in_full_width_punctuation(slug: str) -> None:
    words = (texts.HERE / f"{slug}.md").read_text(encoding="utf-8").replace("- ", "")
    for half in ",;!?()":
        assert half not in words
    assert "您" not in words
    assert "！" not in words


def test_an_unpublished_text_is_linked_nowhere(client: Any) -> None:
    PlainPage.objects.get(slug="terms").unpublish()
    assert 'href="/terms/"' not in client.get("/account/signup/").content.decode()
    assert render('{% legal_url "terms" %}') == ""
    assert client.get("/terms/").status_code == 404


def test_setting_up_again_keeps_what_the_publisher_did() -> None:
    page = PlainPage.objects.get(slug="refunds")
    page.title, page.slug = "七天退款", "money-back"
    page.save()
    SiteSettings.objects.update(name="拾页", terms_page=None)
    setup.setup_site()
    again = chosen()
    assert again.name == "拾页"
    assert again.refunds_page.slug == "money-back"
    assert again.terms_page.slug == "terms"
    assert PlainPage.objects.count() == 4


def test_templates_get_name_seal_and_links_without_the_publisher_doing_anything() -> None:
    assert render("{% site_name %}") == "日知"
    assert render("{% site_seal %}") == "知"
    SiteSettings.objects.update(name="拾页 & co", seal="拾")
    assert render("{% site_name %}{% site_seal %}") == "拾页 &amp; co拾"
    assert render('{% legal_url "privacy" %}') == "/privacy/"


def test_what_should_not_show_does_not() -> None:
    shown = "{% site_settings as s %}{{ s.icp_number }}|{{ s.contact_email }}"
    SiteSettings.objects.update(icp_number="京ICP备1号", contact_email="hi@example.com")
    assert render(shown) == "京ICP备1号|hi@example.com"
    SiteSettings.objects.update(show_icp_number=False, show_contact_email=False)
    assert render(shown) == "|"


def test_all_of_it_costs_one_query_a_page() -> None:
    many = '{% site_name %}{% site_seal %}{% legal_url "terms" %}{% site_settings as s %}' * 3
    with CaptureQueriesContext(connection) as queries:
        render(many)
    assert len(queries) == 1


def test_mails_bear_the_name_of_the_site() -> None:
    SiteSettings.objects.update(name="拾页", seal="拾")
    written = mail.render("login_code", {"code": "123456"}, "zh-hans")
    assert "拾页" in written.text
    assert "拾页" in written.html
    assert ">拾</span>" in written.html


def test_a_seal_is_one_character() -> None:
    settings = chosen()
    settings.seal = "日知"
    with pytest.raises(ValidationError):
        settings.full_clean()


# --- 开站清单 -----------------------------------------------------------------------------------


def state() -> dict[str, bool]:
    return {item["key"]: item["done"] for item in checklist.items()}


OURS = ["operator", "name", "seal", "terms", "privacy", "refunds", "contact", "icp", "mail"]


def test_a_new_site_has_everything_still_to_set(settings: Any) -> None:
    settings.MAILERS = {"default": {"BACKEND": mail.CAUGHT}}
    begun = state()
    for key in OURS:
        assert begun[key] is False, key


def test_each_thing_that_is_set_is_ticked(settings: Any) -> None:
    operator()
    SiteSettings.objects.update(
        name="拾页", seal="拾", icp_number="京ICP备1号", contact_email="hi@example.com"
    )
    for slug in ("terms", "privacy", "refunds"):
        PlainPage.objects.filter(slug=slug).update(body="<p>我们自己的话。</p>")
    settings.MAILERS = {"default": {"BACKEND": "django.core.mail.backends.smtp.EmailBackend"}}
    done = state()
    for key in OURS:
        assert done[key] is True, key


def test_a_text_only_dressed_differently_is_still_the_delivered_one() -> None:
    page = PlainPage.objects.get(slug="terms")
    PlainPage.objects.filter(pk=page.pk).update(body=page.body.replace("</p>", "</p>\n\n"))
    assert state()["terms"] is False


def test_an_emptied_or_unpublished_text_is_not_set() -> None:
    PlainPage.objects.filter(slug="terms").update(body="")
    assert state()["terms"] is False
    PlainPage.objects.filter(slug="terms").update(body="<p>x</p>", live=False)
    assert state()["terms"] is False


def inside(role: str) -> Any:
    user = UserFactory(password=PASSWORD)
    user.groups.add(Group.objects.get(name=role))
    give_app(user)
    client = browser()
    log_in(client, user.email)
    second_step(client)
    return client


def test_operators_see_the_list_and_where_to_go_and_nobody_else_does() -> None:
    page = inside(roles.OPERATOR).get("/admin/").content.decode()
    assert 'id="opening-checklist"' in page
    terms = PlainPage.objects.get(slug="terms")
    assert f"/admin/pages/{terms.pk}/edit/" in page
    assert f"/admin/settings/pages/sitesettings/{chosen().site_id}/" in page
    for role in (roles.EDITOR, roles.MODERATOR, roles.FINANCE):
        assert "opening-checklist" not in inside(role).get("/admin/").content.decode()


def test_an_operator_saves_the_settings() -> None:
    client = inside(roles.OPERATOR)
    address = f"/admin/settings/pages/sitesettings/{chosen().site_id}/"
    form = {"name": "拾页", "seal": "拾", "tagline": "每天一页", "contact_email": "hi@example.com"}
    form |= {f"{slug}_page": str(getattr(chosen(), f"{slug}_page_id")) for slug in SLUGS}
    assert client.post(address, form).status_code == 302
    assert (chosen().name, chosen().seal, chosen().tagline) == ("拾页", "拾", "每天一页")
    answer = client.post(address, form | {"seal": "两字", "contact_email": "no"})
    assert answer.status_code == 200
    assert set(answer.context["form"].errors) == {"seal", "contact_email"}
    assert answer.context["form"]["name"].value() == "拾页"


def test_a_floor_above_can_add_an_item() -> None:
    checklist.register("stripe-test", label="Stripe", hint="", is_done=lambda: True)
    try:
        assert state()["stripe-test"] is True
    finally:
        del checklist._items["stripe-test"]


def test_the_version_consents_record_is_the_published_one() -> None:
    page = PlainPage.objects.get(slug="terms")
    page.version = "2027-01-01"
    page.save_revision()  # a draft
    assert setup.version_of("terms_page") == PlainPage.objects.get(slug="terms").version.isoformat()
    assert setup.version_of("terms_page") != "2027-01-01"


@pytest.mark.parametrize("slug", ["study", "account", "admin", "search"])
def test_no_page_takes_an_address_of_the_site_itself(slug: str) -> None:
    page = PlainPage(title="x", slug=slug)
    with pytest.raises(ValidationError) as refused:
        HomePage.objects.get().add_child(instance=page)
    assert "slug" in refused.value.message_dict
