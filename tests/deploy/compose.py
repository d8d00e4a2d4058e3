"""docker-compose.yml without Docker: its own commands, files and environment, as processes here.

What the file calls /data, /run/secrets or web1:8000 stands elsewhere on this machine; all else is
taken as it is written, the Dockerfile's build commands and variables included.
"""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.deploy.front import Front
from tests.operations.processes import KEPT, ROOT, free_port, wait_until

FILE = ROOT / "docker-compose.yml"
DOCKERFILE = ROOT / "platform" / "deploy" / "Dockerfile"
WEBS = ("web1", "web2")
_VARIABLE = re.compile(r"\$\{([A-Z_0-9]+)(?:(:?[-?+])([^${}]*))?\}")
_AROUND = """
worker_processes 1;
pid {run}/nginx.pid;
error_log stderr info;
{user}
events {{ worker_connections 256; }}
http {{
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log {run}/access.log;
    client_body_temp_path {run}/body;
    proxy_temp_path {run}/proxy;
    fastcgi_temp_path {run}/fastcgi;
    uwsgi_temp_path {run}/uwsgi;
    scgi_temp_path {run}/scgi;
    include {run}/site.conf;
}}
"""


def needed() -> None:
    """Skips where nginx is not installed; CI installs it."""
    if not shutil.which("nginx") or not shutil.which("openssl"):
        assert not os.environ.get("CI"), ".ci/run installs nginx-light and openssl"
        pytest.skip("needs nginx and openssl")


def interpolated(text: str, given: Mapping[str, str]) -> str:
    """`${NAME}`, `${NAME:-default}`, `${NAME:+other}`, `${NAME:?message}` as Compose reads them."""

    def value(asked: re.Match[str]) -> str:
        name, kind, default = asked.groups()
        found = given.get(name, "")
        if kind == ":+":
            return default if found else ""
        if found or (kind in {"-", "?"} and name in given):
            return found
        assert kind is None or "?" not in kind, f"{name}: {default}"
        return default or ""

    while (done := _VARIABLE.sub(value, text)) != text:
        text = done
    return text


def services(given: Mapping[str, str]) -> dict[str, Any]:
    """The services by name, with what is given filled in."""
    read: dict[str, Any] = yaml.safe_load(interpolated(FILE.read_text(encoding="utf-8"), given))
    return dict(read["services"])


def environment(service: Mapping[str, Any], given: Mapping[str, str]) -> dict[str, str]:
    """Its variables; one without a value is passed on where it is given."""
    stated = service.get("environment", {})
    return {
        name: given[name] if value is None else str(value)
        for name, value in stated.items()
        if value is not None or name in given
    }


def dockerfile() -> list[tuple[str, str]]:
    """The instructions with what follows, whole, in their order."""
    text = DOCKERFILE.read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    whole = re.sub(r"\\\n\s*", "", "\n".join(lines))
    return [(line.split()[0], line.split(maxsplit=1)[1]) for line in whole.splitlines()]


def image_environment() -> dict[str, str]:
    found = " ".join(rest for instruction, rest in dockerfile() if instruction == "ENV")
    return dict(each.split("=", 1) for each in shlex.split(found))


def build(folder: Path) -> Path:
    """What the image's build runs of the site's own commands; gives where style and script lie."""
    steps = [rest for instruction, rest in dockerfile() if instruction == "RUN"]
    (step,) = [rest for rest in steps if rest.startswith("export ")]
    exported, *commands = step.split(" && ")
    static = folder / "static"
    places = {"/tmp/data": str(folder / "build"), "/app/static": str(static)}
    stated = (each.split("=", 1) for each in shlex.split(exported)[1:])
    env = {name: places.get(value, value) for name, value in stated}
    for command in commands:
        program, *arguments = shlex.split(command)
        assert program == "/venv/bin/python"
        if "compileall" not in arguments:
            _run([sys.executable, *arguments], env)
    return static


class Machine:
    """Runs services of the file in `folder`, with the variables that .env would have.

    `secrets` are written over those that platform/bin/secrets makes.
    """

    def __init__(
        self, folder: Path, given: Mapping[str, str], *, static: Path, secrets: Mapping[str, str]
    ) -> None:
        self.folder, self.static = folder, static
        self.front = Front(free_port(), free_port())
        self.ports = {name: free_port() for name in WEBS}
        self._make_secrets(secrets)
        stated = (line.split("=", 1) for line in (folder / ".env").read_text().splitlines())
        self.given = {**dict(stated), "BASE_URL": f"https://localhost:{self.front.port}", **given}
        self.services = services(self.given)
        self.running: list[tuple[str, subprocess.Popen[bytes]]] = []

    def once(self, name: str) -> None:
        """A service that runs to its end."""
        _run(self._command(name), self._environment(name))

    def ask(self, name: str, *command: str) -> subprocess.CompletedProcess[str]:
        """Another command in a service's place, as `docker compose run` does it."""
        return _told([self._here(each) for each in command], self._environment(name))

    def start(self, name: str) -> None:
        """Once more, if it runs already."""
        with (self.folder / "log").open("ab") as log:
            process = subprocess.Popen(
                self._command(name), cwd=ROOT, env=self._environment(name), stdout=log, stderr=log
            )
        self.running.append((name, process))

    def stop(self, name: str) -> None:
        """As Docker does: SIGTERM, and time to end what is in hand."""
        (one,) = [process for each, process in self.running if each == name]
        self.running.remove((name, one))
        _end(one)

    def stop_all(self) -> None:
        while self.running:
            _end(self.running.pop()[1])

    def healthy(self, web: str) -> bool:
        """What the image's HEALTHCHECK asks."""
        return Front.plain(self.ports[web], "/healthz").status == 200

    def _make_secrets(self, besides: Mapping[str, str]) -> None:
        self.folder.mkdir(exist_ok=True)
        command = [str(ROOT / "platform" / "bin" / "secrets"), "localhost"]
        env = {**os.environ, "ROOT": str(self.folder)}
        subprocess.run(command, env=env, check=True, capture_output=True)
        for name, value in besides.items():
            (self.folder / "secrets" / name).write_text(value)

    def _command(self, name: str) -> list[str]:
        if name == "proxy":
            return self._nginx()
        command = self.services[name].get("command")
        if command is None:
            (command,) = [
                rest for kind, rest in dockerfile() if kind == "CMD" and "healthz" not in rest
            ]
            command = yaml.safe_load(command)
        return [self._here(each, of=name) for each in command]

    def _environment(self, name: str) -> dict[str, str]:
        stated = {**image_environment(), **environment(self.services[name], self.given)}
        del stated["PATH"]
        return _around({key: self._here(value, of=name) for key, value in stated.items()})

    def _nginx(self) -> list[str]:
        """Its image fills in the template and includes it."""
        run = self.folder / "nginx"
        run.mkdir(exist_ok=True)
        proxy = self.services["proxy"]
        (templates,) = [
            each.split(":")[0] for each in proxy["volumes"] if ":/etc/nginx/templates:" in each
        ]
        (template,) = (ROOT / templates).glob("*.template")
        values = environment(proxy, self.given)
        text = template.read_text(encoding="utf-8")
        filled = re.sub(r"\$\{([A-Z_]+)\}", lambda asked: self._here(values[asked[1]]), text)
        (run / "site.conf").write_text(filled, encoding="utf-8")
        user = "user root;" if os.getuid() == 0 else ""
        (run / "nginx.conf").write_text(_AROUND.format(run=run, user=user), encoding="utf-8")
        return ["nginx", "-c", str(run / "nginx.conf"), "-g", "daemon off;"]

    def _here(self, text: str, *, of: str = "") -> str:
        """Where on this machine that is of which the file speaks."""
        places = {
            "/run/secrets": str(self.folder / "secrets"),
            "/etc/nginx/templates": str(ROOT / "platform" / "deploy" / "nginx"),
            "/data": str(self.folder / "data"),
            "/app/static": str(self.static),
            "/tmp/metrics": str(self.folder / f"metrics-{of}"),
            "127.0.0.11": "127.0.0.1",
            **{f"{name}:8000": f"127.0.0.1:{port}" for name, port in self.ports.items()},
            "0.0.0.0:8000": f"127.0.0.1:{self.ports.get(of, 0)}",
        }
        whole = {
            "8080": f"127.0.0.1:{self.front.plain_port}",
            "8443": f"127.0.0.1:{self.front.port}",
            "python": sys.executable,
            "gunicorn": str(Path(sys.executable).parent / "gunicorn"),
        }
        if text in whole:
            return whole[text]
        pattern = "|".join(re.escape(each) for each in sorted(places, key=len, reverse=True))
        return re.sub(rf"(?<![\w.])(?:{pattern})(?![\w.])", lambda found: places[found[0]], text)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(timeout=30)
    process.kill()
    process.wait()


def _around(env: Mapping[str, str]) -> dict[str, str]:
    """With what a process here needs besides."""
    return {**{name: os.environ[name] for name in KEPT if name in os.environ}, **env}


def _told(command: Sequence[str], env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command, cwd=ROOT, env=_around(env), capture_output=True, text=True, timeout=180
    )


def _run(command: Sequence[str], env: Mapping[str, str]) -> None:
    done = _told(command, env)
    assert done.returncode == 0, done.stderr


@contextmanager
def standing(machine: Machine, *names: str) -> Iterator[Front]:
    """The machine with these services, until the front door answers."""
    with ExitStack() as stack:
        for name in names:
            machine.start(name)
        stack.callback(machine.stop_all)
        wait_until(lambda: _answers(machine.front), seconds=90)
        yield machine.front


def _answers(front: Front) -> bool:
    with suppress(OSError):
        return front.get("/healthz").status == 200
    return False
