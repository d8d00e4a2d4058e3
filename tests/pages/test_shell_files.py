"""What browsers and robots ask for at the top of a site."""

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from courses.models import CoursePage
from pages.models import SiteSettings
from pages.sitemaps import SECTIONS
from tests import factories

pytestmark = pytest.mark.django_db


def listed(client: Client, path: str) -> list[str]:
    return re.findall(r"<loc>([^<]+)</loc>", client.get(path).text)


def all_listed(client: Client) -> set[str]:
    """Every address in every section, without the site's own."""
    sections = [urlsplit(address).path for address in listed(client, "/sitemap.xml")]
    assert len(sections) == len(SECTIONS)
    return {
        address.removeprefix(settings.BASE_URL)
        for section in sections
        for address in listed(client, section)
    }


def test_the_sitemap_lists_what_a_visitor_may_see(client: Client) -> None:
    subject = factories.DisciplineFactory(slug="seen")
    factories.DisciplineFactory(slug="empty")
    teacher = factories.InstructorFactory(slug="teacher")
    course = factories.course(lessons=2, slug="慢慢", disciplines=[subject], instructor=teacher)
    factories.lesson(course, slug="draft", live=False)
    factories.course(lessons=1, slug="gone", live=False)
    found = all_listed(client)
    assert {"/", "/courses/", "/articles/", "/terms/", "/disciplines/seen/"} <= found
    assert "/instructors/teacher/" in found
    base = "/courses/%E6%85%A2%E6%85%A2/"
    assert {base, f"{base}00/", f"{base}01/"} <= found
    hidden = ("gone", "draft", "empty", "/account", "/study", "/membership")
    assert [address for address in found if any(word in address for word in hidden)] == []
    for address in found:
        assert client.get(address).status_code == 200, address


def test_a_longer_sitemap_asks_no_more_of_the_database(client: Client) -> None:
    def queries() -> int:
        cache.clear()
        with CaptureQueriesContext(connection) as asked:
            client.get("/sitemap-pages.xml")
        return len(asked)

    factories.course(lessons=1)
    few = queries()
    for _ in range(3):
        factories.course(lessons=4)
    assert queries() == few
    assert CoursePage.objects.count() == 4


def test_robots_are_shown_the_sitemap_and_kept_from_what_is_personal(client: Client) -> None:
    answer = client.get("/robots.txt")
    assert answer["Content-Type"].startswith("text/plain")
    assert f"Sitemap: {settings.BASE_URL}/sitemap.xml" in answer.text
    forbidden = re.findall(r"^Disallow: (.+)$", answer.text, re.M)
    assert "/account/" in forbidden
    assert "/study/" not in forbidden, "pages there say themselves that they are not to be found"
    assert not any(path.startswith(each) for path in all_listed(client) for each in forbidden)


def test_the_manifest_names_the_publisher_and_pictures_there_are(client: Client) -> None:
    SiteSettings.objects.update(name="拾页", tagline="日日有所知")
    page = client.get("/").text
    assert '<link rel="manifest" href="/manifest.webmanifest">' in page
    assert '<meta name="description" content="日日有所知">' in page
    told: dict[str, Any] = client.get("/manifest.webmanifest").json()
    assert (told["name"], told["lang"], told["start_url"]) == ("拾页", "zh-Hans", "/")
    icons = {icon["src"] for icon in told["icons"]}
    icons.add(client.get("/favicon.ico")["Location"])
    assert all(finders.find(icon.removeprefix(settings.STATIC_URL)) for icon in icons)
