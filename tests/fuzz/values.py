"""What nobody would type, and what somebody will."""

import json
from typing import Any
from urllib.parse import quote

from hypothesis import strategies as st

HUGE = "大" * 40_000
TEXTS = [
    "", " ", "\0", "a\0b", "\ud800", "\udfff\ud800", HUGE, "\u202eabc\u202c مرحبا",
    "👩‍👩‍👧‍👦🏳️‍🌈", "e\u0301" * 50,
    "' OR 1=1 --", '"', "%", "_", "\\", "*", "%00", "%s %d {0} {x}", "{{ 7*7 }}", "<script>",
    "\r\nX-A: b",
    "../../etc/passwd", "//evil.example", "javascript:alert(1)", "http://[::1", "http://\u2100.example",
    "0", "-1", "1.5", "007", "1_000", "1e309", "NaN", "Infinity", "-0", "²", "٣", "一", "0x10",
    "1,5",
    str(2**31), str(2**63), str(10**30), "9" * 5000,
    "true", "null", "[]", "{}", "a,b,,c", "on",
    "2026-02-30", "0000-00-00", "9999-12-31", "10000-01-01", "2026-11-23T25:61", "24:00", "12 / 34",
    "00000000-0000-0000-0000-000000000000", "{00000000-0000-0000-0000-00000000000}",
    "a@b", "a@b.c" * 90,
    "-updated_at", "__class__", "pk__in", "zh-hans", "Asia/Shanghai", "Mars/Base", "..",
    "\x85\x1c\u2028",
]  # fmt: skip
texts = st.one_of(st.sampled_from(TEXTS), st.text(max_size=30), st.integers().map(str))

# The names that our own views read, and those of Wagtail's lists and choosers.
NAMES = [
    "action", "alias", "answer", "card", "charge", "date", "dispute", "done", "email", "event",
    "kind",
    "language", "look", "match", "mode", "next", "order", "outcome", "page", "position",
    "price", "q",
    "session", "session_id", "step", "subscription", "sure", "tab", "times", "token", "from",
    "block", "p",
    "ordering", "export", "search", "collection_id", "created_at_from", "created_at_to",
    "status", "free",
    "length", "discipline", "form", "mine", "sort", "chosen", "id", "query", "per_page",
    "limit", "offset",
    "fields", "child_of", "type", "learner", "lesson", "course", "number", "expiry", "cvc",
    "login", "code",
]  # fmt: skip
names = st.one_of(st.sampled_from(NAMES), texts)
pairs = st.lists(st.tuples(names, texts), max_size=4)


def escaped(text: str) -> str:
    """For an address, lone surrogates included."""
    return quote(text.encode("utf-8", "surrogatepass"), safe="")


def urlencoded(given: list[tuple[str, str]]) -> str:
    return "&".join(f"{escaped(name)}={escaped(value)}" for name, value in given)


DEEP = ("[" * 50_000, '{"a":' * 20_000, "[" * 900 + "]" * 900, '{"a":' * 900 + "1" + "}" * 900)
scalars = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(TEXTS[:40])
)
values = st.recursive(
    scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4), st.dictionaries(st.sampled_from(NAMES), inner, max_size=4)
    ),
    max_leaves=8,
)

FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
PART = b"--b\r\nContent-Disposition: form-data; "
BROKEN = [
    (MULTIPART, PART + b'name="file"; filename="\0.mp3"\r\n\r\nx'),
    (MULTIPART, PART + b'name="a"\r\nContent-Transfer-Encoding: base64\r\n\r\n=====\r\n--b--'),
    (MULTIPART, b"--c--"),
    ("multipart/form-data", b"--b--"),
    ("multipart/form-data; boundary=\xff".encode("latin-1").decode("latin-1"), b"x"),
    (FORM, b"a=%ff%fe&b=\xff\xfe&%00=%00"),
    (FORM, b"&".join(b"a%d=1" % number for number in range(1500))),
    (FORM, b"a=" + b"x" * 3_000_000),
    ("application/json", b"\xff\xfe{"),
    ("text/plain; charset=nonsense", b"a=1"),
    ("application/x-www-form-urlencoded; charset=utf-7", b"a=1"),
    ("", b"a=1"),
    ("application/xml", b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"),
]  # fmt: skip


def _json(value: Any) -> tuple[str, bytes]:
    return "application/json", json.dumps(value).encode()


bodies = st.one_of(
    pairs.map(lambda given: (FORM, urlencoded(given).encode())),
    values.map(_json),
    st.sampled_from(DEEP).map(lambda text: ("application/json", text.encode())),
    st.sampled_from(BROKEN),
)

HEADERS = {
    "Accept": ["*/*", "application/json", "text/html;q=x", ",,;", "\xff", "text/*;q=0.1," * 500],
    "Accept-Language": ["zh", "en;q=2", "*", "x" * 5000, "\xff\xfe", "zh-Hans-CN-x-" + "a" * 200],
    "Authorization": ["Bearer x", "Basic %%%", "Bearer \xff"],
    "Content-Length": ["-1", "x", "99999999999", ""],
    "Cookie": ["sessionid=\0; csrftoken=\xff", "a=b" * 2000, "=;;=", "sessionid=" + "9" * 4000,
               "django_language=../../x", "messages=xx$[[1]", 'a="\\777"'],
    "Host": ["", "a b", "evil.example", "testserver:99999", "[::1", "\xff.example", "testserver."],
    "HX-Request": ["true", "x"],
    "HX-Current-URL": ["http://[::1", "javascript:x", "\xff", "/" * 5000],
    "HX-Target": ["main", "\0", "<"],
    "HX-Prompt-URI-AutoEncoded": ["true"],
    "HX-Prompt": ["%ff%fe"],
    "If-Match": ["*", "x", '"'],
    "If-Modified-Since": ["yesterday", "Thu, 01 Jan 1970 00:00:00 GMT",
                          "Mon, 99 Xyz 9999 99:99:99 GMT"],
    "If-None-Match": ["*", '"x"', 'W/"', "\xff"],
    "If-Range": ["x", "Thu, 01 Jan 1970 00:00:00 GMT"],
    "If-Unmodified-Since": ["x", "Thu, 01 Jan 1970 00:00:00 GMT"],
    "Range": ["bytes=0-0", "bytes=-1", "bytes=5-1", "bytes=x", "bytes=" + "0-1," * 2000, "bytes=²-",
              "bytes=" + "9" * 5000 + "-", "lines=1-2", "bytes=-0"],
    "Referer": ["http://[::1", "x", "\xff"],
    "Origin": ["null", "http://evil.example", "http://[::1"],
    "Stripe-Signature": ["t=1,v1=x", "t=x", "t=²,v1=\xff", "=,=", "t=" + "9" * 5000 + ",v1=a"],
    "User-Agent": ["", "\xff", "MicroMessenger" * 999],
    "X-Forwarded-For": ["1.2.3.4", "x", "::1,\xff", "1.1.1.1," * 900],
    "X-Forwarded-Proto": ["https", "x"],
    "X-Request-ID": ["x", "a" * 64, "\xff" * 20],
    "X-Requested-With": ["XMLHttpRequest"],
}  # fmt: skip


@st.composite
def headers(draw: st.DrawFn) -> dict[str, str]:
    chosen = draw(st.lists(st.sampled_from(sorted(HEADERS)), max_size=3, unique=True))
    return {name: draw(st.sampled_from(HEADERS[name])) for name in chosen}
