"""Asks the front door as a browser would, over TLS; its certificate is the test's own."""

import http.client
import ssl
import warnings
from contextlib import closing, suppress
from dataclasses import dataclass


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]  # names in lower case
    body: bytes


class Front:
    def __init__(self, port: int, plain_port: int) -> None:
        self.port, self.plain_port = port, plain_port
        self.cookie = ""

    def get(self, path: str, method: str = "GET", **headers: str) -> Answer:
        told = {
            "Host": f"localhost:{self.port}",
            **({"Cookie": self.cookie} if self.cookie else {}),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        context = ssl._create_unverified_context()
        line = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=context)
        return _asked(line, method, path, told)

    def get_by(self, newest: ssl.TLSVersion) -> Answer:
        """The first page, for who speaks no newer TLS."""
        context = ssl._create_unverified_context()
        with warnings.catch_warnings(action="ignore"):  # who speaks no newer one is old
            context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
            context.maximum_version = newest
        context.set_ciphers("ALL:@SECLEVEL=0")
        line = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=60, context=context)
        return _asked(line, "GET", "/", {"Host": f"localhost:{self.port}"})

    def plainly(self, path: str) -> Answer:
        """Asks without TLS."""
        line = http.client.HTTPConnection("127.0.0.1", self.plain_port, timeout=60)
        return _asked(line, "GET", path, {"Host": "localhost"})

    @staticmethod
    def plain(port: int, path: str, **headers: str) -> Answer:
        """What a process behind the door answers; status 0 where nothing listens."""
        line = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
        with suppress(OSError):
            return _asked(line, "GET", path, headers)
        return Answer(0, {}, b"")


def _asked(
    line: http.client.HTTPConnection, method: str, path: str, headers: dict[str, str]
) -> Answer:
    with closing(line):
        line.request(method, path, headers=headers)
        got = line.getresponse()
        return Answer(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read())
