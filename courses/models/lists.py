"""The one page of a site that lists all pages of a kind."""

from typing import ClassVar

from django.http import HttpRequest, HttpResponse
from django.utils.functional import Promise
from wagtail.models import Page


class ListPage(Page):
    """At one address for ever, below the front page, open to all."""

    stable_slug: ClassVar[str]
    given_title: ClassVar[str]  # what setup_site calls it, …
    word: ClassVar[Promise]  # … and the interface, while nobody gave it another title
    max_count = 1
    parent_page_types = ["pages.HomePage"]
    private_page_options: list[str] = []

    class Meta:
        abstract = True

    def clean(self) -> None:
        super().clean()
        self.slug = self.stable_slug

    @property
    def shown_title(self) -> str:
        return str(self.word) if self.title == self.given_title else self.title

    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponse:
        return self.serve(request)
