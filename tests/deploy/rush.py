"""A rush of readers, and slow ones: those who are let in are served, the rest is told when to come
back, and paying goes on. Measured against the same site at rest: no figure here is of seconds, but
for the recovery."""

import http.client
import socket
import ssl
import statistics
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, closing

from tests.deploy.front import Front
from tests.operations.processes import wait_until

THREADS = 2 * 8  # of both servers
RUSH = 5 * THREADS  # readers at once
SLOW = 100
TIMES = 6
REST = 0.25  # seconds until somebody who was told to come back does
RECOVERY = 10.0  # seconds
HELD_UP = 10.0  # seconds; nginx bears with who sends nothing for 30


class Reader:
    """Asks for one page again and again on one connection."""

    def __init__(self, door: Front, path: str) -> None:
        self.door, self.path = door, path
        self.took: list[float] = []  # of what was answered
        self.told_to_wait: list[str] = []
        self.odd: list[int] = []

    def read(self, times: int) -> None:
        context = ssl._create_unverified_context()
        line = http.client.HTTPSConnection("127.0.0.1", self.door.port, timeout=60, context=context)
        with closing(line):
            for _ in range(times):
                began = time.monotonic()
                line.request("GET", self.path, headers={"Host": f"localhost:{self.door.port}"})
                answer = line.getresponse()
                answer.read()
                if answer.status == 503:
                    self.told_to_wait.append(answer.getheader("Retry-After", ""))
                    time.sleep(REST)
                elif answer.status in (200, 302):
                    self.took.append(time.monotonic() - began)
                else:
                    self.odd.append(answer.status)


def all_read(readers: list[Reader], times: int) -> None:
    threads = [threading.Thread(target=reader.read, args=[times]) for reader in readers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def at_rest(door: Front, path: str) -> float:
    """The median of as many readers as the site has threads, none of whom waits long or is sent
    away."""
    readers = [Reader(door, path) for _ in range(THREADS)]
    all_read(readers, TIMES)
    assert not [told for reader in readers for told in reader.told_to_wait]
    took = [each for reader in readers for each in reader.took]
    assert max(took) < HELD_UP
    return statistics.median(took)


def assert_readers_do_not_hold_each_other_up(door: Front, buy: str) -> None:
    """`buy` is an address of somebody who pays meanwhile."""
    usual = at_rest(door, "/courses/")
    assert_slow_clients_are_not_noticed(door, usual)
    assert_a_rush_is_shared_out(door, usual, buy)
    assert_it_is_soon_over(door, usual)


def assert_a_rush_is_shared_out(door: Front, usual: float, buy: str) -> None:
    readers = [Reader(door, "/courses/") for _ in range(RUSH)]
    buyers = [Reader(door, buy) for _ in range(2)]
    all_read([*readers, *buyers], TIMES)
    took = [each for reader in readers for each in reader.took]
    told = [each for reader in readers for each in reader.told_to_wait]
    assert not [odd for reader in (*readers, *buyers) for odd in reader.odd]
    assert told, "nobody was told to come back"
    assert set(told) == {"5"}
    assert len(took) >= RUSH
    # All let in at once they would take five times as long, and more with each that comes.
    assert statistics.median(took) < 4 * usual
    for buyer in buyers:
        assert len(buyer.took) == TIMES, "somebody who pays was sent away"


def assert_it_is_soon_over(door: Front, usual: float) -> None:
    def as_usual() -> bool:
        reader = Reader(door, "/courses/")
        reader.read(1)
        return bool(reader.took) and reader.took[0] < 3 * usual

    wait_until(as_usual, seconds=RECOVERY)


def assert_slow_clients_are_not_noticed(door: Front, usual: float) -> None:
    """Those who never end their headers, their body, or reading; at the door of staff, too. Who
    reads comes one after the other: twenty at once would be a rush."""
    with ExitStack() as slow:
        for line in slow_lines(door):
            slow.enter_context(line)
        assert at_rest(door, "/courses/") < 3 * usual


def slow_lines(door: Front) -> Iterator[ssl.SSLSocket]:
    context = ssl._create_unverified_context()
    host = f"Host: localhost:{door.port}\r\n".encode()
    token = b"a" * 32
    form = b"Origin: https://localhost:%d\r\nCookie: __Host-csrftoken=%b\r\n" % (door.port, token)
    form += b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 9000\r\n\r\nx"
    asked = [
        b"GET / HTTP/1.1\r\nX-Slow: ",
        b"POST /study/beat/ HTTP/1.1\r\n" + host + b"Content-Length: 9000\r\n\r\n{",
        b"GET /courses/ HTTP/1.1\r\n" + host + b"\r\n",
        b"POST /admin/login/ HTTP/1.1\r\n" + host + form,
        b"POST /admin/images/add/ HTTP/1.1\r\n" + host + form,
    ]
    for number in range(SLOW):
        sent = asked[number % len(asked)]
        plain = socket.create_connection(("127.0.0.1", door.port), timeout=60)
        if sent.startswith(b"GET /courses/"):
            plain.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        line = context.wrap_socket(plain)
        line.sendall(sent)
        if sent.startswith(b"GET /courses/"):
            line.recv(1)
        yield line
