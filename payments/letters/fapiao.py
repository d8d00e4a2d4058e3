"""Mails about a fapiao."""

from datetime import datetime

from payments.letters import post
from payments.models import Fapiao


def fapiao_issued(row: Fapiao, *, now: datetime) -> bool:
    return _of_fapiao(row, "fapiao_issued", key=f"fapiao-issued-{row.pk}", now=now)


def fapiao_reversed(row: Fapiao, *, now: datetime) -> bool:
    """After money went back; what is left can have another."""
    return _of_fapiao(row, "fapiao_reversed", key=f"fapiao-reversed-{row.pk}", now=now)


def fapiao_corrected(row: Fapiao, *, now: datetime) -> bool:
    key = f"fapiao-corrected-{row.pk}-{now.timestamp():.0f}"
    return _of_fapiao(row, "fapiao_corrected", key=key, now=now)


def _of_fapiao(row: Fapiao, template: str, *, key: str, now: datetime) -> bool:
    order = row.order
    context = {
        "title": order.price.offer.named,
        "name": row.title,
        "number": row.number,
        "reversal": row.reversal_number,
        "has_file": bool(row.file),
        "email": row.email,
        "order": post.page_of(order),
    }
    return post.queue(key, order.buyer, template, context, now)
