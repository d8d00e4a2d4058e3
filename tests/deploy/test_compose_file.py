"""docker-compose.yml and the Dockerfile, read: what the site needs is there, and nothing else."""

import re
import subprocess
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

import pytest
import yaml

from tests.deploy import compose
from tests.house.files import ROOT
from tests.house.test_settings import variables

GIVEN = {"BASE_URL": "https://learn.example.com", "SERVER_NAME": "learn.example.com"}
SERVICES = compose.services(GIVEN)
SITE = [name for name, each in SERVICES.items() if each["image"] == "rizhi"]
TOP = yaml.safe_load(compose.interpolated(compose.FILE.read_text(), GIVEN))
NOT_OURS = {"database", "objects"}  # their images begin as root and leave it themselves
# What is the image's own, or for a laptop and for tests alone.
NOT_TOLD = {"DATA", "STATIC", "DEBUG", "DEMO", "PORT", "STRIPE_API_BASE"}


def secrets_of(service: str) -> set[str]:
    return set(SERVICES[service].get("secrets", []))


def test_all_that_runs_of_the_site_is_there() -> None:
    assert {"web1", "web2", "worker", "scheduler", "prepare"} <= set(SITE)
    assert SERVICES["worker"]["deploy"]["replicas"] == 2
    by_profile = {name for name, each in SERVICES.items() if "profiles" in each}
    assert by_profile >= {"redis", "objects", "more-workers"}


@pytest.mark.parametrize("name", SITE)
def test_the_site_is_told_all_that_it_reads_and_nothing_else(name: str) -> None:
    """Every setting can be put into .env."""
    told = {each.removesuffix("_FILE") for each in SERVICES[name]["environment"]}
    assert told == variables() - NOT_TOLD


@pytest.mark.parametrize("name", SERVICES)
def test_secrets_are_files_that_are_given_to_who_reads_them(name: str) -> None:
    service = SERVICES[name]
    assert secrets_of(name) <= set(TOP["secrets"])
    named = re.findall(
        r"/run/secrets/([\w.]+)", f"{service.get('environment')} {service.get('command')}"
    )
    assert set(named) <= secrets_of(name)
    for key, value in service.get("environment", {}).items():
        if re.search(r"SECRET|PASSWORD|DATABASE_URL|EMAIL_URL", key) and value is not None:
            assert key.endswith("_FILE") or key in {"STRIPE_SANDBOX"}, key


@pytest.mark.parametrize("name", sorted(set(SERVICES) - NOT_OURS))
def test_nothing_that_breaks_in_gets_far(name: str) -> None:
    service = SERVICES[name]
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "privileged" not in service


def test_only_the_front_door_is_open_to_the_world() -> None:
    assert [name for name, each in SERVICES.items() if "ports" in each] == ["proxy"]


def test_who_waits_for_whom() -> None:
    for name in SITE:
        waits = SERVICES[name]["depends_on"]
        if name != "prepare":
            assert list(waits) == ["prepare"]
            continue
        assert list(waits) == ["database", "redis", "objects"]
        for other, how in waits.items():
            assert how["condition"] == "service_healthy"
            assert "healthcheck" in SERVICES[other]
            assert how.get("required", True) == ("profiles" not in SERVICES[other])
    assert SERVICES["prepare"]["restart"] == "no"


def test_the_addresses_that_stay_are_given_to_nobody_else() -> None:
    (network,) = TOP["networks"]["default"]["ipam"]["config"]
    subnet, others = IPv4Network(network["subnet"]), IPv4Network(network["ip_range"])
    assert others.subnet_of(subnet)
    for web in compose.WEBS:
        stays = IPv4Address(SERVICES[web]["networks"]["default"]["ipv4_address"])
        assert stays in subnet
        assert stays not in others


def test_the_site_is_not_the_databases_superuser() -> None:
    assert SERVICES["database"]["environment"]["POSTGRES_USER"] != "rizhi"
    assert "database_password" not in set().union(*map(secrets_of, SITE))


def test_the_front_door_knows_what_its_template_names() -> None:
    template = (ROOT / "platform" / "deploy" / "nginx" / "site.conf.template").read_text()
    named = set(re.findall(r"\$\{([A-Z_]+)\}", template))
    assert named == set(SERVICES["proxy"]["environment"])
    for web in compose.WEBS:
        assert f"server {web}:8000" in SERVICES["proxy"]["environment"]["SITE_SERVERS"]
        assert "ipv4_address" in SERVICES[web]["networks"]["default"]  # nginx asks for it once


def test_the_image_runs_as_nobody_and_says_whether_it_is_well() -> None:
    instructions = compose.dockerfile()
    last = [rest for kind, rest in instructions if kind == "USER"]
    assert last == ["10001"]
    assert "HEALTHCHECK" in dict(instructions)
    assert compose.image_environment()["DATA"] == "/data"
    (install,) = [rest for kind, rest in instructions if kind == "RUN" and "pip install" in rest]
    assert "--require-hashes" in install


def test_the_image_is_made_of_what_is_there() -> None:
    copied = [
        source
        for kind, rest in compose.dockerfile()
        if kind == "COPY" and not rest.startswith("--from")
        for source in rest.split()[:-1]
    ]
    kept = compose.DOCKERFILE.with_name("Dockerfile.dockerignore").read_text().splitlines()
    assert copied
    for source in copied:
        assert (ROOT / source).exists()
        assert f"!{source}" in kept
    assert kept[1] == "*"


def test_a_new_version_is_rolled_out_over_services_that_exist() -> None:
    script = (ROOT / "platform" / "bin" / "roll-out").read_text()
    (named,) = re.findall(r"for each in ([\w -]+);", script)
    assert set(named.split()) == set(SITE) - {"prepare"}


@pytest.fixture
def machine(tmp_path: Path) -> compose.Machine:
    compose.needed()
    return compose.Machine(
        tmp_path, {"REDIS_URL": "redis://redis:6379/0"}, static=tmp_path, secrets={}
    )


def test_the_secrets_are_made_once_and_are_all_that_is_named(machine, tmp_path: Path) -> None:
    made = {each.name: each.read_bytes() for each in (tmp_path / "secrets").iterdir()}
    assert set(made) == set(TOP["secrets"])
    assert (tmp_path / "secrets").stat().st_mode & 0o777 == 0o700
    again = compose.Machine(tmp_path, {}, static=tmp_path, secrets={})
    assert {each.name: each.read_bytes() for each in (tmp_path / "secrets").iterdir()} == made
    assert again.given["SERVER_NAME"] == "localhost"


@pytest.mark.parametrize("host", ["", "not a host", "a;b"])
def test_a_name_that_is_none_is_refused(tmp_path: Path, host: str) -> None:
    script = str(ROOT / "platform" / "bin" / "secrets")
    env = {"PATH": "/usr/bin:/bin", "ROOT": str(tmp_path)}
    told = subprocess.run([script, host], env=env, capture_output=True, text=True, check=False)
    assert told.returncode == 2
    assert "platform/bin/secrets learn.example.com" in told.stderr
    assert list(tmp_path.iterdir()) == []


def test_django_finds_nothing_to_say_against_it(machine) -> None:
    for name, value in {
        "stripe_secret_key": "sk_live_not_a_real_key",
        "stripe_webhook_secrets": "whsec_not_a_real_secret",
        "email_url": "smtp+tls://mail:password@mail.example.com:587",
    }.items():
        (machine.folder / "secrets" / name).write_text(value)
    told = machine.ask(
        "web1", "python", "manage.py", "check", "--deploy", "--fail-level", "WARNING"
    )
    assert told.returncode == 0, told.stderr
