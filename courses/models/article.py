"""Free editorial pages."""

from typing import Any

from django import forms
from django.db import models
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from modelcluster.fields import ParentalManyToManyField
from wagtail.admin.panels import FieldPanel, FieldRowPanel
from wagtail.fields import StreamField
from wagtail.models import Page
from wagtail.search import index

from courses.blocks import TeachingBodyBlock
from courses.models.lists import ListPage


class ArticleIndexPage(ListPage):
    stable_slug, given_title, word = "articles", "文章", _("Articles")
    subpage_types = ["courses.ArticlePage"]

    class Meta:
        verbose_name = _("article list")

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        from courses.views import show_articles

        return show_articles(request, self)


class ArticlePage(Page):
    summary = models.CharField(_("Summary"), max_length=200, blank=True)
    author = models.CharField(_("Author"), max_length=60, blank=True)
    published_on = models.DateField(_("Date"), null=True, blank=True)
    cover = models.ForeignKey(
        "courses.PrivateImage",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("Picture"),
    )
    disciplines = ParentalManyToManyField(
        "courses.Discipline", blank=True, related_name="articles", verbose_name=_("Disciplines")
    )
    body = StreamField(TeachingBodyBlock(), blank=True, verbose_name=_("Body"))

    content_panels = [
        *Page.content_panels,
        FieldRowPanel(
            [
                FieldPanel("author", help_text=_("As it stands over the title.")),
                FieldPanel("published_on", help_text=_("Lists are in the order of this date.")),
            ]
        ),
        FieldPanel(
            "summary",
            help_text=_("Under the title, in lists and when shared. At most 200 characters."),
        ),
        FieldPanel("cover", help_text=_("Wide, in lists and when shared; none is fine.")),
        FieldPanel(
            "body", help_text=_("A product card stands best right after what made one want it.")
        ),
    ]
    settings_panels = [
        FieldPanel(
            "disciplines",
            widget=forms.CheckboxSelectMultiple,
            help_text=_("The article is listed on the pages of these disciplines."),
        ),
        *Page.settings_panels,
    ]
    parent_page_types = ["courses.ArticleIndexPage"]
    subpage_types: list[str] = []
    private_page_options: list[str] = []
    search_fields = [
        *Page.search_fields,
        index.SearchField("summary"),
        index.AutocompleteField("summary"),
        index.SearchField("author"),
        index.SearchField("body"),
        index.RelatedFields("disciplines", [index.SearchField("name")]),
    ]

    class Meta:
        verbose_name = _("article")
        verbose_name_plural = _("articles")

    def get_absolute_url(self) -> str:
        return reverse("article", args=[self.slug])

    def serve(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        from courses.views import show_article

        return show_article(request, self)

    def serve_preview(self, request: HttpRequest, mode_name: str) -> HttpResponse:
        return self.serve(request)
