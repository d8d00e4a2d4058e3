"""A feed as podcast apps read it: RSS 2.0, with what Apple (https://podcasters.apple.com/support/823)
and Podcasting 2.0 (https://podcasting2.org/docs/podcast-namespace) add to it.

Of a lesson it has the title, question and summary, which are public; the sound is behind links.
"""

from typing import Any
from urllib.parse import urlsplit

from django.conf import settings
from django.urls import reverse
from django.utils.feedgenerator import Enclosure, Rss201rev2Feed
from django.utils.translation import gettext as _

from courses.depicted import SQUARE, absolute
from courses.models import LessonPage
from learning import feed_links
from learning.feed_items import Contents, Episode
from learning.models import PodcastFeed
from pages import languages

NAMESPACES = {
    "xmlns:itunes": "http://www.itunes.com/dtds/podcast-1.0.dtd",
    "xmlns:podcast": "https://podcastindex.org/namespace/1.0",
    "xmlns:googleplay": "http://www.google.com/schemas/play-podcasts/1.0",
}
KINDS = {
    LessonPage.Kind.PREFACE: "trailer",
    LessonPage.Kind.REGULAR: "full",
    LessonPage.Kind.EXTRA: "bonus",
    LessonPage.Kind.ANSWERS: "bonus",
}


class PodcastXml(Rss201rev2Feed):
    content_type = "application/rss+xml; charset=utf-8"

    def rss_attributes(self) -> dict[str, str]:
        return super().rss_attributes() | NAMESPACES

    def add_root_elements(self, handler: Any) -> None:
        super().add_root_elements(handler)
        for name, words, attributes in self.feed["extra"]:
            handler.addQuickElement(name, words, attributes)

    def add_item_elements(self, handler: Any, item: Any) -> None:
        super().add_item_elements(handler, item)
        for name, words, attributes in item["extra"]:
            handler.addQuickElement(name, words, attributes)

    def latest_post_date(self) -> Any:
        """Never the present: a feed in which nothing changed is the same."""
        return max(item["pubdate"] for item in self.items) if self.items else self.feed["made_at"]


type Element = tuple[str, str, dict[str, str]]


def write(contents: Contents, feed: PodcastFeed) -> bytes:
    """In the language that is active, which is the learner's."""
    xml = PodcastXml(
        title=contents.title,
        link=absolute(contents.path),
        description=_words_of(contents),
        language=languages.tag_of(settings.LANGUAGE_CODE),
        feed_url=address(feed),
        made_at=feed.made_at,
        extra=_of_channel(contents),
    )
    if not contents.is_open:
        xml.add_item(
            title=_("Your access has ended"),
            link=absolute(contents.path),
            description=_how_to_renew(contents),
            pubdate=feed.made_at,
            unique_id=f"notice-{feed.pk}@{_host()}",
            unique_id_is_permalink=False,
            extra=[],
        )
    for episode in contents.episodes:
        _add(xml, episode, feed, contents)
    return xml.writeString("utf-8").encode()


def address(feed: PodcastFeed) -> str:
    return absolute(reverse("podcast_feed", args=[feed.secret]))


def _words_of(contents: Contents) -> str:
    if not contents.is_open:
        return _how_to_renew(contents)
    private = _("Your private feed: it is made for you alone.")
    return "\n".join(filter(None, [contents.words, private]))


def _how_to_renew(contents: Contents) -> str:
    return _("What you had of it has ended. Here you can go on: %(address)s") % {
        "address": absolute(contents.path)
    }


def _of_channel(contents: Contents) -> list[Element]:
    author = "、".join(contents.authors) or contents.site.name
    picture = absolute(contents.picture.address(SQUARE, "jpg"))
    return [
        ("itunes:author", author, {}),
        ("itunes:image", "", {"href": picture}),
        ("itunes:category", "", {"text": "Education"}),
        ("itunes:explicit", "false", {}),
        ("itunes:type", "serial" if contents.is_serial else "episodic", {}),
        ("itunes:block", "Yes", {}),
        ("googleplay:block", "yes", {}),
        ("podcast:block", "yes", {}),
        ("podcast:locked", "yes", {}),
        ("podcast:medium", "course" if contents.is_serial else "podcast", {}),
    ]


def _add(xml: PodcastXml, episode: Episode, feed: PodcastFeed, contents: Contents) -> None:
    lesson = episode.lesson
    link = feed_links.make(feed.pk, lesson)
    page = absolute(reverse("lesson", args=[episode.course.slug, lesson.slug]))
    title = lesson.title
    if not contents.is_serial:
        title = f"{episode.course.title} · {title}"
    xml.add_item(
        title=title,
        link=page,
        description="\n".join(filter(None, [lesson.summary or lesson.question, page])),
        pubdate=episode.published_at,
        unique_id=f"lesson-{lesson.pk}@{_host()}",
        unique_id_is_permalink=False,
        enclosures=[
            Enclosure(
                link.to(feed_links.audio_name(lesson)), str(episode.size), episode.audio.mime_type
            )
        ],
        extra=_of_item(episode, link),
    )


def _of_item(episode: Episode, link: feed_links.Link) -> list[Element]:
    seconds = round(episode.audio.duration or episode.lesson.seconds)
    found: list[Element] = [
        ("itunes:duration", str(seconds), {}),
        ("itunes:explicit", "false", {}),
        ("itunes:episodeType", KINDS[LessonPage.Kind(episode.lesson.kind)], {}),
    ]
    if episode.course.instructor:
        found.append(("itunes:author", episode.course.instructor.name, {}))
    if episode.season:
        found.append(("itunes:season", str(episode.season), {}))
        name = {"name": episode.chapter[:128]}
        found.append(("podcast:season", str(episode.season), name))
    if episode.number:
        found.append(("itunes:episode", str(episode.number), {}))
        found.append(("podcast:episode", str(episode.number), {}))
    if episode.has_transcript:
        language = languages.tag_of(settings.LANGUAGE_CODE)
        told = {"url": link.to("transcript.vtt"), "type": "text/vtt", "language": language}
        found.append(("podcast:transcript", "", told))
    if episode.has_chapters:
        told = {"url": link.to("chapters.json"), "type": "application/json+chapters"}
        found.append(("podcast:chapters", "", told))
    return found


def _host() -> str:
    return urlsplit(settings.BASE_URL).hostname or ""
