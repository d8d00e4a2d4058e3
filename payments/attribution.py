"""What led to a purchase: the page and block that a link or form names."""

import re
from urllib.parse import urlencode

from django.http import HttpRequest, QueryDict
from wagtail.models import Page

from payments.checkout import Attribution

BLOCK = re.compile(r"[0-9A-Za-z-]{1,64}")


def from_query(request: HttpRequest) -> Attribution:
    return _read(request.GET)


def from_form(request: HttpRequest) -> Attribution:
    """The same from a posted form; a page that is not there is left out."""
    found = _read(request.POST)
    if found.page_id and not Page.objects.filter(pk=found.page_id).exists():
        return Attribution(block=found.block)
    return found


def as_query(attribution: Attribution, code: str = "") -> str:
    """ "?from=12&block=…&code=…" or nothing."""
    parts = {"from": attribution.page_id, "block": attribution.block, "code": code}
    query = urlencode({name: value for name, value in parts.items() if value})
    return f"?{query}" if query else ""


def is_in_wechat(request: HttpRequest) -> bool:
    """Whether WeChat's own browser asks, in which Alipay is blocked."""
    return "MicroMessenger" in request.headers.get("User-Agent", "")


def _read(data: QueryDict) -> Attribution:
    page, block = data.get("from", ""), data.get("block", "")
    return Attribution(
        page_id=int(page) if page.isascii() and page.isdigit() and len(page) < 10 else None,
        block=block if BLOCK.fullmatch(block) else "",
    )
