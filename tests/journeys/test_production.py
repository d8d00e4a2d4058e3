"""Buying and studying on the site as docker-compose.yml has it: through nginx, over TLS, with
production's settings and the sandbox instead of Stripe's key."""

import io
from functools import partial
from pathlib import Path

import pytest
from django.core.management import call_command

from accounts.models import User
from courses.models import Grant
from demo import facts
from learning.models import PlaySession
from pages.setup import setup_site
from tests.deploy import compose
from tests.journeys import first_day as day
from tests.operations.processes import url_of

EMAIL = "someone@example.org"


@pytest.fixture
def machine(tmp_path: Path, settings, transactional_db, run_jobs, clock):
    compose.needed()
    (tmp_path / "data").mkdir()
    settings.MEDIA_ROOT = tmp_path / "data" / "files"
    given = {"STRIPE_SANDBOX": "1", "SANDBOX_DATABASE_URL": url_of("sandbox")}
    secrets = {"database_url": url_of("default"), "secret_key": settings.SECRET_KEY}
    one = compose.Machine(tmp_path, given, static=compose.build(tmp_path), secrets=secrets)
    settings.BASE_URL = settings.WAGTAILADMIN_BASE_URL = one.given["BASE_URL"]
    setup_site()
    call_command("demo", stdout=io.StringIO())
    run_jobs()
    yield one
    facts.path().unlink()


def test_a_stranger_buys_and_studies(machine, open_page):
    one = machine
    with compose.standing(one, "web1", "web2", "worker", "worker", "scheduler", "proxy") as door:
        address = f"https://localhost:{door.port}"
        opened = partial(open_page, base_url=address, ignore_https_errors=True)
        page = opened(day.PREFACE)
        day.play(page)
        day.click(page, ".lesson-bar-course", day.COURSE)
        day.click(page, f".lesson-row[href='{day.PAID}']", day.PAID)
        day.click(page, ".paywall .button-primary", "/payments/buy")
        bought = day.address_of(page.url)
        day.click(page, "#main .button-primary", "/account/login/")
        day.click(page, "#main a[href^='/account/signup/']", "/account/signup/")
        day.sign_up(page, EMAIL, lands_on=bought)
        day.click(page, "#main .button-primary", "/sandbox/checkout")
        day.pay(page, day.GOOD_CARD)
        learner = User.objects.get(email=EMAIL)
        assert Grant.objects.filter(learner=learner).exists()

        day.click(page, "#main .button-primary", day.FIRST)
        day.click(page, ".lesson-turn [rel=next]", day.PAID)
        day.play(page)
        day.hear_until(page, 100)
        assert PlaySession.objects.filter(learner_id=learner.pk).exists()

        other = opened("/account/login/?next=/study/")
        day.sign_in_by_code(other, EMAIL, lands_on="/study/")
        day.click(other, ".going-on a", day.PAID)
        day.play(other, after=95)

        for each in (page, other):  # before the site stops answering
            each.context.close()
