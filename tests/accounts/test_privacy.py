"""One's own data: everything out, and everything away but what must stay."""

import io
import json
import re
import zipfile
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.apps import apps
from django.core.cache import cache
from django.core.management import call_command
from django.db import models

from accounts import privacy
from accounts.models import Consent, Deletion, OutboxMessage, User
from operations import clock
from tests.accounts.browser import (
    browser,
    code_in,
    is_in,
    latest_mail,
    log_in,
    log_in_by_code,
    sign_up,
    text_of,
)
from tests.accounts.factories import PASSWORD, UserFactory, give_app, operator

pytestmark = pytest.mark.django_db


def test_every_key_to_a_person_is_classified() -> None:
    unknown = [
        f"{model._meta.label}.{field}"
        for model, field in privacy.keys_to_people()
        if privacy.holding_of(model, field) is None
    ]
    assert unknown == []


PEOPLE = re.compile(r"(learner|user|person|buyer|owner|actor|author)_id")


def test_every_column_that_names_a_person_without_a_key_is_classified() -> None:
    """The tables of study name the learner by number alone."""
    named = {
        model._meta.label_lower
        for model in apps.get_models(include_auto_created=True)
        for field in model._meta.concrete_fields
        if PEOPLE.fullmatch(field.attname) and not isinstance(field, models.ForeignKey)
    }
    assert {"learning.playsession", "learning.studyday"} <= named
    more = {holding.name: holding for holding in privacy._more}
    assert {name for name in named if name not in more or not more[name].erase} == set()
    assert {name for name in named if not more[name].export} == set()


def test_what_is_deleted_or_detached_can_be() -> None:
    for model, field in privacy.keys_to_people():
        holding = privacy.holding_of(model, field)
        assert holding is not None
        if holding.erase == "detach":
            assert model._meta.get_field(field).null, (model, field)
        model._base_manager.values(*holding.export, field)  # its fields exist


def files_of(answer: Any) -> dict[str, Any]:
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    return {name: json.loads(archive.read(name)) for name in archive.namelist()}


def test_the_export_holds_what_is_mine_and_nobody_elses(client: Any) -> None:
    sign_up(client, "me@example.com")
    sign_up(browser(), "other@example.com")
    answer = client.post("/account/privacy/export/")
    assert answer["Content-Type"] == "application/zip"
    assert "no-store" in answer["Cache-Control"]
    files = files_of(answer)
    assert files["me.json"]["email"] == "me@example.com"
    assert {row["kind"] for row in files["accounts.consent.json"]} == {"terms", "privacy"}
    assert files["account.emailaddress.json"][0]["email"] == "me@example.com"
    assert "other@example.com" not in json.dumps(files)


def test_the_export_has_no_key_to_the_account(client: Any) -> None:
    user = UserFactory(password=PASSWORD)
    give_app(user)
    raw = privacy.export(user)
    files = zipfile.ZipFile(io.BytesIO(raw))
    everything = "".join(files.read(name).decode() for name in files.namelist())
    assert user.password not in everything
    assert Authenticator.objects.get().data["secret"] not in everything


def test_the_export_is_a_post_by_its_owner(client: Any) -> None:
    assert client.post("/account/privacy/export/").url.startswith("/account/login/")
    client.force_login(UserFactory())
    assert client.get("/account/privacy/export/").status_code == 405


def test_deletion_asks_for_a_proof_first(client: Any) -> None:
    user = UserFactory(password=PASSWORD)
    client.force_login(user)  # a session whose log-in is long ago
    answer = client.post("/account/privacy/delete/", {"sure": "yes"})
    assert answer.url.startswith("/account/reauthenticate/")
    assert User.objects.get(pk=user.pk).is_active


def test_who_has_no_password_proves_it_by_a_code(client: Any) -> None:
    user = UserFactory()
    client.force_login(user)
    asked = client.get("/account/privacy/delete/")
    assert asked.url == "/account/reauthenticate/code/?next=%2Faccount%2Fprivacy%2Fdelete%2F"
    assert not OutboxMessage.objects.exists()  # looking at the page mails nothing
    client.get(asked.url)
    client.post(asked.url, {"action": "send"})
    code = code_in(latest_mail(user.email))
    wrong = client.post(asked.url, {"code": "000000" if code != "000000" else "111111"})
    assert wrong.context["form"].errors["code"]
    answer = client.post(asked.url, {"code": code, "next": "/account/privacy/delete/"})
    assert answer.url == "/account/privacy/delete/"
    assert client.get(answer.url).status_code == 200


def test_a_code_to_prove_it_is_void_after_five_wrong_ones(client: Any) -> None:
    user = UserFactory()
    client.force_login(user)
    url = "/account/reauthenticate/code/"
    client.post(url, {"action": "send"})
    code = code_in(latest_mail(user.email))
    for _ in range(5):
        client.post(url, {"code": "000000" if code != "000000" else "111111"})
    client.post(url, {"code": code})
    assert client.get("/account/privacy/delete/").status_code == 302


def test_a_password_is_set_only_after_a_proof(client: Any) -> None:
    user = UserFactory()
    client.force_login(user)
    new = {"password1": "quiet-river-stone-7", "password2": "quiet-river-stone-7"}
    answer = client.post("/account/password/set/", new)
    assert answer.url.startswith("/account/reauthenticate/code/")
    user.refresh_from_db()
    assert not user.has_usable_password()


def test_the_box_must_be_ticked(client: Any) -> None:
    sign_up(client, "me@example.com")
    answer = client.post("/account/privacy/delete/")
    assert answer.status_code == 200
    assert 'role="alert"' in answer.content.decode()
    assert User.objects.get().is_active


def test_deletion_anonymises_and_ends_every_session(client: Any) -> None:
    sign_up(client, "me@example.com")
    other = browser()
    log_in_by_code(other, "me@example.com")
    give_app(User.objects.get())
    answer = client.post("/account/privacy/delete/", {"sure": "yes"})
    assert answer.url == "/account/deleted/"
    assert client.get(answer.url).status_code == 200
    assert not is_in(client)
    assert not is_in(other)
    user = User.objects.get()
    assert user.email == f"deleted-{user.pk}@deleted.invalid"
    assert (user.name, user.phone, user.is_active) == ("", None, False)
    assert not EmailAddress.objects.exists()
    assert not Authenticator.objects.exists()
    assert not OutboxMessage.objects.exists()
    assert Consent.objects.filter(user=user).count() == 2
    ledger = Deletion.objects.get(user=user)
    assert ledger.rows["account.emailaddress.user"] == 1
    assert "me@example.com" not in json.dumps(ledger.rows)


def test_the_page_says_exactly_what_stays(client: Any) -> None:
    sign_up(client, "me@example.com")
    page = text_of(client.get("/account/privacy/delete/"))
    for sentence in privacy.what_stays(User.objects.get()):
        assert sentence in page
    assert len(privacy.what_stays(User.objects.get())) == 1


def test_the_address_is_free_again(client: Any) -> None:
    sign_up(client, "me@example.com")
    client.post("/account/privacy/delete/", {"sure": "yes"})
    cache.clear()  # ten seconds go by between two codes to one address
    sign_up(client, "me@example.com")
    assert is_in(client)
    assert User.objects.count() == 2


def test_deleting_twice_does_nothing_more() -> None:
    user = UserFactory()
    first = privacy.erase(user=user, now=clock.now())
    assert privacy.erase(user=user, now=clock.now()) == first
    assert Deletion.objects.count() == 1


def test_the_last_operator_stays_until_there_is_another(client: Any) -> None:
    user = operator()
    now = clock.now()
    with pytest.raises(privacy.MustStay):
        privacy.erase(user=user, now=now)
    log_in(client, user.email)
    assert 'role="alert"' in client.get("/account/privacy/").content.decode()
    operator()
    privacy.erase(user=user, now=clock.now())
    assert not User.objects.get(pk=user.pk).is_active


def test_after_a_restore_deletions_are_done_again(settings: Any, tmp_path: Any) -> None:
    settings.DATA = tmp_path
    gone, other = UserFactory(email="gone@example.com"), UserFactory()
    backup = {field: getattr(gone, field) for field in ("email", "name", "is_active")}
    privacy.erase(user=gone, now=clock.now())
    Deletion.objects.all().delete()
    User.objects.filter(pk=gone.pk).update(**backup)  # as the backup has it
    call_command("replay_deletions", stdout=io.StringIO())
    gone.refresh_from_db()
    assert not gone.is_active
    assert gone.email != "gone@example.com"
    assert User.objects.get(pk=other.pk).is_active
