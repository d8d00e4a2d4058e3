"""Devices in the list of sessions, as their owners would say them."""

import pytest

from accounts.templatetags.devices import device


@pytest.mark.parametrize(
    ("user_agent", "said"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64) Chrome/140.0 Safari/537.36", "Chrome · Linux"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) Safari/604.1", "Safari · iPhone"),
        ("Mozilla/5.0 (Windows NT 10.0) Chrome/140.0 Safari/537.36 Edg/140.0", "Edge · Windows"),
        ("Mozilla/5.0 (Linux; Android 14) Chrome/130 MicroMessenger/8.0", "微信 · Android"),
        ("curl/8.5.0", "curl/8.5.0"),
    ],
)
def test_a_device_has_a_name(user_agent: str, said: str) -> None:
    assert device(user_agent) == said
