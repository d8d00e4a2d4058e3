"""What others wrote and our people read: all of it in Chinese, in the house's voice.

An upgrade that brings new English fails here: translate it in platform/locale_upstream/.
"""

import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import django.conf
import pytest
from babel.messages.pofile import read_po
from django.apps import apps
from django.conf import settings
from django.utils.translation.trans_real import DjangoTranslation

from operations import translations
from tests.house import messages

PACKAGES = sorted(
    {
        Path(django.conf.__file__).parent,
        *(Path(app.path) for app in apps.get_app_configs() if "site-packages" in app.path),
    }
)
LINK = re.compile(r"<[^>]*>")


@cache
def chinese(domain: str) -> Any:
    """The words as the site finds them: a package's own, under ours."""
    translations.compile_stale(settings.LOCALE_PATHS)
    folders = [str(path / "locale") for path in PACKAGES if (path / "locale").is_dir()]
    where = {} if domain == "django" else {"localedirs": folders}
    return vars(DjangoTranslation("zh-hans", domain=domain, **where))["_catalog"]


def texts(package: Path, domain: str) -> Iterator[str]:
    """What a package asks to have translated: its English catalogue, or its code without one."""
    source = package / "locale" / "en" / "LC_MESSAGES" / f"{domain}.po"
    if source.exists():
        with source.open("rb") as text:
            for entry in read_po(text):
                ids = entry.id if isinstance(entry.id, (tuple, list)) else [entry.id]
                if ids[0]:
                    yield f"{entry.context}\x04{ids[0]}" if entry.context else ids[0]
    elif domain == "django" and not any((above / "locale").is_dir() for above in package.parents):
        for path in package.rglob("*.py"):
            if not {"migrations", "tests"} & set(path.parts):
                yield from messages.in_python(path)


@pytest.mark.parametrize("domain", ["django", "djangojs"])
def test_no_package_leaves_english_to_our_people(domain: str) -> None:
    told = chinese(domain)
    missing = {
        f"{package.name}: {text}"
        for package in PACKAGES
        for text in texts(package, domain)
        if not (told.get(text) or told.get((text, 0)))
    }
    assert missing == set()


@pytest.mark.parametrize("domain", ["django", "djangojs"])
def test_every_package_says_ni(domain: str) -> None:
    told = chinese(domain)
    polite = {text for text in told.keys() if "您" in str(told[text])}  # noqa: SIM118 (no dict)
    assert polite == set()


def test_wagtail_is_set_as_chinese_is() -> None:
    """No '…' round a title, no space between two characters, no Latin stop after one."""
    han = "[\u4e00-\u9fff]"
    odd = re.compile(rf"['\"]%\(\w+\)s['\"]|{han} +{han}|{han}[.:]( |$)")
    told = chinese("django")
    wagtails = [package for package in PACKAGES if "wagtail" in package.parts]
    found = {
        words
        for package in wagtails
        for text in texts(package, "django")
        if re.search(han, words := told.get(text) or "") and odd.search(LINK.sub("", words))
    }
    assert found == set()


def test_the_walk_reads_catalogues_and_code() -> None:
    found = {text for package in PACKAGES for text in texts(package, "django")}
    assert {"Submit for moderation", "is greater than", "Audio file"} <= found
    assert any(text.startswith("Insert a block") for p in PACKAGES for text in texts(p, "djangojs"))
