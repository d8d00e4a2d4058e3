"""`manage.py backup` and `manage.py restore`: whole or not at all, and nothing is overwritten by
mistake. What Stripe has to do with it: tests/payments/test_restore_drill.py."""

import io
import json
import stat
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.contenttypes.models import ContentType
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connections

from accounts import privacy
from accounts.models import User
from operations import archive, clock, dumps, restoring
from tests.factories import UserFactory

SOUND = "private/media/one.mp3"


@pytest.fixture
def data(settings: Any, tmp_path: Path) -> Path:
    """A data folder with an upload, secrets, and a clock that is ahead."""
    settings.DATA = tmp_path / "data"
    settings.MEDIA_ROOT = settings.DATA / "files"
    settings.MEDIA_ROOT.mkdir(parents=True)
    default_storage.save(SOUND, ContentFile(b"ID3 a sound"))
    (settings.DATA / "env").write_text("SECRET_KEY=of-the-first-machine\n")
    (settings.DATA / "clock-offset").write_text("3600.0\n")
    return Path(settings.DATA)


@pytest.fixture
def whole_again(transactional_db: None) -> Iterator[None]:
    """For tests that restore: migrating empties a cache which the next test expects to be full."""
    yield
    ContentType.objects.get_for_models(*apps.get_models())


def backup(target: Path) -> str:
    said = io.StringIO()
    call_command("backup", str(target), stdout=said)
    return said.getvalue()


def restore(source: Path, *more: str) -> str:
    said = io.StringIO()
    call_command("restore", str(source), *more, stdout=said, stderr=said)
    return said.getvalue()


def manifest_of(file: Path) -> dict[str, Any]:
    with tarfile.open(file) as tar:
        told = tar.extractfile("manifest.json")
        assert told
        return dict(json.load(told))


def rewritten(source: Path, target: Path, **changed: bytes) -> Path:
    """The same archive with other contents for some names."""
    with tarfile.open(source) as old, tarfile.open(target, "w") as new:
        for member in old.getmembers():
            held = old.extractfile(member)
            assert held
            content = changed.get(member.name, held.read())
            member.size = len(content)
            new.addfile(member, io.BytesIO(content))
    return target


@pytest.mark.django_db(transaction=True)
def test_after_a_total_loss_everything_is_back_and_the_forgotten_stay_forgotten(
    data: Path, tmp_path: Path, settings: Any, whole_again: None
) -> None:
    kept, leaving = UserFactory(name="留下的人"), UserFactory(name="要走的人")
    file = tmp_path / "backup.tar"
    said = backup(file)
    assert "1 files" in said
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert not list(tmp_path.glob(".*.part"))
    privacy.erase(user=leaving, now=clock.now())
    elsewhere = tmp_path / "deletions-of-this-machine.jsonl"
    elsewhere.write_text((data / "deletions.jsonl").read_text())
    assert leaving.email not in elsewhere.read_text()
    UserFactory(name="后来的人")

    settings.DATA = tmp_path / "new-machine"
    settings.MEDIA_ROOT = settings.DATA / "files"
    settings.DATA.mkdir()
    said = restore(file, "--replace", "--deletions", str(elsewhere))

    assert "1 accounts deleted again" in said
    assert User.objects.get(pk=kept.pk).name == "留下的人"
    assert User.objects.get(pk=leaving.pk).is_deleted
    assert not User.objects.filter(name="后来的人").exists()
    assert (settings.MEDIA_ROOT / SOUND).read_bytes() == b"ID3 a sound"
    env = settings.DATA / "env"
    assert env.read_text() == "SECRET_KEY=of-the-first-machine\n"
    assert stat.S_IMODE(env.stat().st_mode) == 0o600
    assert (settings.DATA / "clock-offset").read_text() == "3600.0\n"
    assert len((settings.DATA / "deletions.jsonl").read_text().splitlines()) == 2
    assert stat.S_IMODE((settings.MEDIA_ROOT / SOUND).stat().st_mode) == 0o644

    # And once more, over what is there: its own secrets stay in force.
    env.write_text("SECRET_KEY=of-this-machine\n")
    restore(file, "--replace")
    assert env.read_text() == "SECRET_KEY=of-this-machine\n"
    assert "of-the-first-machine" in (settings.DATA / "env.restored").read_text()
    assert User.objects.get(pk=leaving.pk).is_deleted


@pytest.mark.django_db
def test_what_does_not_fit_is_refused_before_anything_is_changed(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = UserFactory()
    monkeypatch.setattr(dumps, "dump", lambda alias, file: file.write_bytes(alias.encode()))
    file = tmp_path / "backup.tar"
    backup(file)
    whole = manifest_of(file)

    def changed(**fields: Any) -> Path:
        told = json.dumps({**whole, **fields}).encode()
        return rewritten(file, tmp_path / "changed.tar", **{"manifest.json": told})

    newer = {**whole["databases"]["default"], "migrations": ["courses.0999_of_tomorrow"]}
    other = {**whole["databases"]["default"], "engine": "oracle"}
    with pytest.raises(CommandError, match="There is a site here already"):
        restore(file)
    with pytest.raises(CommandError, match=r"newer version.*courses.0999_of_tomorrow"):
        restore(changed(databases={"default": newer}), "--replace")
    with pytest.raises(CommandError, match="newer version"):
        restore(changed(format=archive.FORMAT + 1), "--replace")
    with pytest.raises(CommandError, match="is of oracle"):
        restore(changed(databases={"default": other}), "--replace")
    assert User.objects.filter(pk=person.pk).exists()


@pytest.mark.django_db
def test_a_damaged_backup_changes_nothing(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dumps, "dump", lambda alias, file: file.write_bytes(alias.encode()))
    loaded: list[str] = []
    monkeypatch.setattr(dumps, "load", lambda alias, file: loaded.append(alias))
    file = tmp_path / "backup.tar"
    backup(file)
    bent = rewritten(file, tmp_path / "bent.tar", **{f"files/{SOUND}": b"ID3 a sOund"})
    with pytest.raises(CommandError, match="not as it was written"):
        restore(bent, "--replace")
    short = tmp_path / "short.tar"
    short.write_bytes(file.read_bytes()[:3000])
    with pytest.raises(CommandError, match="whole backup"):
        restore(short, "--replace")
    (tmp_path / "letter.tar").write_text("no archive at all")
    with pytest.raises(CommandError, match="no whole backup"):
        restore(tmp_path / "letter.tar", "--replace")
    with pytest.raises(CommandError, match="No such file"):
        restore(tmp_path / "nothing.tar", "--replace")
    assert loaded == []
    assert not (data / "env.restored").exists()


@pytest.mark.django_db
@pytest.mark.parametrize("error", [KeyboardInterrupt, dumps.DumpFailed("no"), OSError(28, "full")])
def test_broken_off_nothing_is_written_and_the_last_backup_stays(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Any
) -> None:
    def fail(alias: str, file: Path) -> None:
        file.write_bytes(b"half")
        raise error

    monkeypatch.setattr(dumps, "dump", fail)
    file = tmp_path / "backup.tar"
    file.write_text("yesterday's")
    with pytest.raises(CommandError, match=r"[Nn]o backup was written"):
        backup(file)
    assert file.read_text() == "yesterday's"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["backup.tar", "data"]


@pytest.mark.django_db
def test_files_in_an_object_store_are_not_copied_and_that_is_said(
    data: Path, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dumps, "dump", lambda alias, file: file.write_bytes(alias.encode()))
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    }
    said = backup(tmp_path)
    (file,) = tmp_path.glob("rizhi-*.tar")
    assert "object store" in said
    assert manifest_of(file)["files"] == "elsewhere"
    assert set(manifest_of(file)["checksums"]) == {
        *(f"databases/{alias}" for alias in connections),
        "env",
        "clock-offset",
    }


@pytest.mark.django_db
def test_no_password_is_on_the_command_line(monkeypatch: pytest.MonkeyPatch) -> None:
    run: list[tuple[list[str], dict[str, str]]] = []
    monkeypatch.setattr(dumps, "_run", lambda command, env: run.append((command, env)))
    monkeypatch.setattr(dumps, "engine", lambda alias: "postgresql")
    at = {"NAME": "rizhi", "USER": "rizhi", "PASSWORD": "geheim", "HOST": "db", "PORT": "5433"}
    monkeypatch.setattr(connections["default"], "settings_dict", {**at, "OPTIONS": {}})
    monkeypatch.setattr(connections["default"], "close", lambda: None)
    dumps.dump("default", Path("/tmp/dump"))
    dumps.load("default", Path("/tmp/dump"))
    assert [command[0] for command, _ in run] == ["pg_dump", "pg_restore", "psql"]
    for command, env in run:
        assert "geheim" not in " ".join(command)
        assert command[0] == "pg_restore" or env["PGPASSWORD"] == "geheim"
    assert {"-U", "rizhi", "-h", "db", "-p", "5433"} <= set(run[0][0])


def test_nothing_is_written_outside_the_folder_of_files(data: Path, tmp_path: Path) -> None:
    name = "files/../../outside"
    manifest = archive.Manifest("now", {}, checksums={name: ""})
    with pytest.raises(archive.Damaged, match="lies outside"):
        restoring.refuse_what_does_not_fit(manifest, [], replace=True)
    with tarfile.open(tmp_path / "crafted.tar", "w") as tar:
        tar.addfile(tarfile.TarInfo(name), io.BytesIO(b""))
    outside = pytest.raises(archive.Damaged, match="lies outside")
    with tarfile.open(tmp_path / "crafted.tar") as tar, outside:
        restoring.put_back(tar, manifest, [], show=lambda *told: None)
    assert not (tmp_path / "outside").exists()


@pytest.mark.django_db
def test_a_line_of_the_list_that_cannot_be_read_does_not_keep_the_others(data: Path) -> None:
    person = UserFactory()
    line = {"user": person.pk, "joined": person.date_joined.isoformat(), "at": "any"}
    (data / "deletions.jsonl").write_text(f'{{"user": 1, "jo\n[]\n{json.dumps(line)}\n')
    replayed = privacy.replay(now=clock.now())
    assert (replayed.deleted, replayed.must_stay) == (1, [])
