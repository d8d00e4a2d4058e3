"""The front door as it is run in production: nginx, with a certificate made for the test."""

import http.client
import os
import re
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.operations.processes import GUNICORN, ROOT, free_port, manage, wait_until

HOST = "learn.example.com"
TEMPLATE = ROOT / "platform" / "deploy" / "site.conf.template"
AROUND = """
worker_processes 1;
pid {run}/nginx.pid;
error_log stderr info;
{user}
events {{ worker_connections 256; }}
http {{
    include /etc/nginx/mime.types;
    default_type application/octet-stream;
    access_log off;
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


def site_conf(**values: str) -> str:
    """The template with what the environment gives it, as nginx's image fills it in."""
    template = TEMPLATE.read_text(encoding="utf-8")
    return re.sub(r"\$\{([A-Z_]+)\}", lambda asked: values[asked[1]], template)


class Front:
    """Asks nginx over TLS, as the browser does; the host's name is the site's."""

    def __init__(self, port: int, plain: int) -> None:
        self.port, self.plain = port, plain
        self.cookie = ""

    def get(self, path: str, method: str = "GET", **headers: str) -> "Answer":
        told = {"Host": f"{HOST}:{self.port}", **({"Cookie": self.cookie} if self.cookie else {})}
        told |= {name.replace("_", "-"): value for name, value in headers.items()}
        # The certificate is the test's own; that it is the one asked for is not the point here.
        context = ssl._create_unverified_context()
        line = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=context)
        return _asked(line, method, path, told)

    def plainly(self, path: str) -> "Answer":
        """Asks without TLS."""
        line = http.client.HTTPConnection("127.0.0.1", self.plain, timeout=60)
        return _asked(line, "GET", path, {"Host": HOST})


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes


def _asked(
    line: http.client.HTTPConnection, method: str, path: str, headers: dict[str, str]
) -> Answer:
    with closing(line):
        line.request(method, path, headers=headers)
        got = line.getresponse()
        return Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())


@contextmanager
def standing(data: Path, env: dict[str, str], *, sites: int = 2) -> Iterator[Front]:
    """nginx before `sites` processes of the site, with this data folder and environment."""
    front = Front(free_port(), free_port())
    run = data / "nginx"
    run.mkdir(parents=True)
    ports = [free_port() for _ in range(sites)]
    env = {**env, "BASE_URL": f"https://{HOST}:{front.port}", "TRUSTED_PROXIES": "1"}
    _certificate(run)
    conf = site_conf(
        SITE_SERVERS=" ".join(f"server 127.0.0.1:{port};" for port in ports),
        HTTP_LISTEN=f"127.0.0.1:{front.plain}",
        HTTPS_LISTEN=f"127.0.0.1:{front.port}",
        SERVER_NAME=HOST,
        CERTIFICATES=str(run),
        FILES=str(data / "files"),
        LARGEST_UPLOAD="5g",
    )
    (run / "site.conf").write_text(conf, encoding="utf-8")
    user = "user root;" if os.getuid() == 0 else ""
    (run / "nginx.conf").write_text(AROUND.format(run=run, user=user), encoding="utf-8")
    done = manage("collectstatic", "--no-input", env=env)
    assert done.returncode == 0, done.stderr
    commands = [[sys.executable, *GUNICORN, "-b", f"127.0.0.1:{port}"] for port in ports]
    commands.append(["nginx", "-c", str(run / "nginx.conf"), "-g", "daemon off;"])
    with (data / "log").open("ab") as log:
        running = [
            subprocess.Popen(command, cwd=ROOT, env=env, stdout=log, stderr=log)
            for command in commands
        ]
    try:
        wait_until(lambda: _answers(front), seconds=90)
        yield front
    finally:
        for each in running:
            each.terminate()
        for each in running:
            with suppress(subprocess.TimeoutExpired):
                each.wait(timeout=20)
            each.kill()


def _answers(front: Front) -> bool:
    with suppress(OSError):
        return front.get("/healthz").status == 200
    return False


def _certificate(folder: Path) -> None:
    """Made by itself, for a day."""
    names = ["-subj", f"/CN={HOST}", "-addext", f"subjectAltName=DNS:{HOST}"]
    files = ["-keyout", str(folder / "privkey.pem"), "-out", str(folder / "fullchain.pem")]
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]
    subprocess.run(
        [*command, "-nodes", "-days", "1", *names, *files], check=True, capture_output=True
    )
