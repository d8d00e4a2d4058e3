"""Whether a feed's address was passed on: from how many places it is fetched within a day.

A place is a network (IPv4 /24, IPv6 /48) and an app. What is kept of it is a digest with the
site's key, another one for each feed and each day, for a week: it says how many, not where.
"""

import ipaddress
import re
from datetime import UTC, datetime, timedelta

from allauth.account.adapter import get_adapter
from django.db import transaction
from django.db.models import F
from django.http import HttpRequest
from django.urls import reverse
from django.utils.crypto import salted_hmac

from accounts import mail
from accounts.models import User
from courses.depicted import absolute
from learning import feeds
from learning.models import FeedFetch, PodcastFeed

# A phone and a computer, whose apps fetch and play under two names each, at home, at work and on
# the way: that is one person.
MOST = 12
KEPT = timedelta(days=7)


def is_shared(feed: PodcastFeed, request: HttpRequest, *, now: datetime) -> bool:
    """Counts this fetch; whether it comes from one place too many."""
    day = now.astimezone(UTC).date()
    place = _place(feed, request, day.isoformat())
    here = FeedFetch.objects.filter(feed_id=feed.pk, day=day, place=place)
    if here.update(times=F("times") + 1, last_at=now):
        return False
    row = FeedFetch(learner_id=feed.learner_id, feed_id=feed.pk, day=day, place=place, last_at=now)
    FeedFetch.objects.bulk_create([row], ignore_conflicts=True)
    return FeedFetch.objects.filter(feed_id=feed.pk, day=day).count() > MOST


@transaction.atomic
def change_address(feed: PodcastFeed, learner: User, *, now: datetime) -> None:
    """The old address ends, its learner gets a new one and is told: once."""
    if not feeds.end(feed, because=PodcastFeed.Ended.SHARED, now=now):
        return
    key = feeds.key_of(feed)
    feeds.make(learner_id=learner.pk, key=key, now=now, follows_shared=True)
    page = reverse("podcast_page", args=[feed.kind, feed.target_id])
    mail.queue(
        key=f"feed_shared:{feed.pk}",
        to=learner.email,
        template="feed_shared",
        context={"address": absolute(page)},
        language=learner.language,
        now=now,
        user=learner,
    )


def forget(*, now: datetime) -> None:
    FeedFetch.objects.filter(day__lt=(now - KEPT).astimezone(UTC).date()).delete()


def _place(feed: PodcastFeed, request: HttpRequest, day: str) -> str:
    network = _network(get_adapter().get_client_ip(request))
    app = re.match(r"[A-Za-z .]*", request.headers.get("User-Agent", ""))
    name = app.group()[:40].strip().lower() if app else ""
    said = f"{day} {feed.pk} {network} {name}"
    return salted_hmac("learning.feed_watch", said, algorithm="sha256").hexdigest()[:16]


def _network(address: str) -> str:
    found = ipaddress.ip_address(address)
    return str(ipaddress.ip_network(f"{found}/{24 if found.version == 4 else 48}", strict=False))
