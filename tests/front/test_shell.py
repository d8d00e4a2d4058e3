"""The shell and the components, as the server sends them."""

import gzip
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders
from django.template.loader import render_to_string
from django.test import RequestFactory

PLATFORM = Path(settings.PLATFORM)
TEMPLATES = sorted((PLATFORM / "templates").rglob("*.html"))
OURS = [path for path in TEMPLATES if "emails" not in path.parts]
COMPONENTS = sorted((PLATFORM / "templates/components").glob("*.html"))
KB = 1024

pytestmark = pytest.mark.django_db  # the shell shows the site's settings


def squeezed(content: bytes) -> int:
    return len(gzip.compress(content, 9))


def found(path: str) -> bytes:
    return Path(str(finders.find(path))).read_bytes()


@pytest.fixture
def debugging(settings):
    settings.DEBUG = True


def test_the_style_guide_exists_only_with_debug(client):
    for path in ("", "course/", "lesson/1/", "paywall/", "sound/1/"):
        assert client.get(f"/styleguide/{path}").status_code == 404


def test_an_unknown_sample_lesson_is_not_found(client, debugging):
    assert client.get("/styleguide/lesson/9/").status_code == 404


def test_sound_comes_in_ranges(client, debugging):
    whole = client.get("/styleguide/sound/1/")
    part = client.get("/styleguide/sound/1/", headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])


def test_a_lesson_weighs_little(client, debugging):
    page = squeezed(client.get("/styleguide/lesson/2/?token=x").content)
    script = squeezed(found("js/bundle.js")) + squeezed(found("django_htmx/htmx-2.min.js"))
    style = squeezed(found("css/bundle.css"))
    assert script <= 25 * KB
    assert page + script + style <= 60 * KB


def test_the_bundles_hold_every_part_and_import_nothing():
    style, script = found("css/bundle.css").decode(), found("js/bundle.js").decode()
    assert "@import" not in style
    assert not re.search(r"^(import|export) ", script, re.MULTILINE)
    sources = Path(settings.STATICFILES_DIRS[0])
    imported = (sources / "css/site.css").read_text()
    templates = "".join(path.read_text(encoding="utf-8") for path in OURS)
    parts = [str(part.relative_to(sources / "css")) for part in (sources / "css").rglob("*.css")]
    unused = [part for part in parts if part not in imported and f"css/{part}" not in templates]
    assert set(unused) <= {"site.css", "error.css"}  # that one: operations/errors.py
    for module in ("shell", "sheet", "reader", "player", "lesson", "study/beats", "study/ranges"):
        text = (sources / f"js/{module}.js").read_text()
        for name in re.findall(r"^export (?:const|function) (\w+)", text, re.MULTILINE):
            assert re.search(rf"^(?:const|function) {name}\b", script, re.MULTILINE), name


def test_what_is_imported_later_lies_where_the_bundle_and_each_module_look_for_it():
    sources = Path(settings.STATICFILES_DIRS[0]) / "js"
    modules = sources.rglob("*.js")
    asked = [(each.parent, name) for each in modules for name in later(each.read_text())]
    asked += [(sources, name) for name in later(found("js/bundle.js").decode())]
    assert len(asked) > 4
    assert [name for folder, name in asked if not (folder / name).is_file()] == []


def later(text: str) -> list[str]:
    return re.findall(r'\bimport\("([^"]+)"\)', text)


@pytest.mark.parametrize("path", OURS, ids=lambda path: str(path.relative_to(PLATFORM)))
def test_templates_carry_no_inline_style_or_script(path):
    text = path.read_text(encoding="utf-8")
    assert not re.search(r"<style\b|\sstyle=|\son[a-z]+=\"|javascript:", text)
    assert not re.search(r"<script(?![^>]*\bsrc=)(?![^>]*application/json)", text)


@pytest.mark.parametrize("path", COMPONENTS, ids=lambda path: path.stem)
def test_a_component_says_what_it_takes(path):
    assert "{% comment %}" in path.read_text(encoding="utf-8")


def test_every_icon_named_is_in_the_sprite():
    sprite = (PLATFORM / "static/icons/sprite.svg").read_text()
    known = set(re.findall(r'<symbol id="([\w-]+)"', sprite))
    named = {
        name
        for path in OURS
        for name in re.findall(r"""(?:\{% icon |\bicon=)"([\w-]+)\"""", path.read_text())
    }
    assert named - known == set()
    assert 30 <= len(known) <= 40


def test_the_reader_s_choices_come_with_the_page(client, debugging):
    client.cookies["rz_theme"] = "night"
    client.cookies["rz_text"] = "22"
    html = client.get("/styleguide/lesson/1/").content.decode()
    assert '<html lang="zh-Hans" data-theme="night" data-text="22">' in html


@pytest.mark.parametrize("value", ['x" onload="', "sepia", "9"])
def test_other_values_of_those_cookies_are_ignored(client, debugging, value):
    client.cookies["rz_theme"] = client.cookies["rz_text"] = value
    html = client.get("/styleguide/lesson/1/").content.decode()
    assert '<html lang="zh-Hans">' in html


def test_the_place_one_is_at_is_marked(rf: RequestFactory):
    html = render_to_string("layouts/column.html", request=rf.get("/courses/slow/"))
    assert html.count('href="/courses/" aria-current="true"') == 2
    assert html.count("aria-current") == 2


def test_whoever_must_log_in_first_is_where_they_were_going(client):
    html = client.get("/study/", follow=True).content.decode()
    assert html.count('href="/study/" aria-current="true"') == 2
    assert html.count("aria-current") == 2
    assert "登录后，这里是你的学习" in html
    html = client.get("/account/login/").content.decode()
    assert html.count('href="/account/" aria-current="true"') == 2
    assert "你的学习" not in html


def test_the_shell_needs_no_request(rf: RequestFactory):
    assert '<main id="main" data-page="page"' in render_to_string("base.html")


def test_the_only_script_that_runs_bears_the_nonce(client, debugging):
    answer = client.get("/styleguide/lesson/1/")
    nonce = re.search(r"'nonce-([^']+)'", answer.headers["Content-Security-Policy"])
    tags = re.findall(r"<script[^>]*>", answer.content.decode())
    assert nonce
    assert [tag for tag in tags if f'nonce="{nonce[1]}"' not in tag] == []
    assert tags


def test_chinese_copy_is_set_with_full_width_punctuation():
    half_width = re.compile(r"[一-鿿][,;:!?]|[,;:!?][一-鿿]")
    copy = (PLATFORM / "demo/styleguide_data.py").read_text(encoding="utf-8")
    templates = "".join(path.read_text(encoding="utf-8") for path in OURS)
    shown = re.sub(r"\{% comment %\}.*?\{% endcomment %\}", "", templates, flags=re.DOTALL)
    assert half_width.findall(copy + shown) == []
