"""What every site has before anyone published: the catalogue, the lists of tracks and articles."""

from django.utils.translation import gettext_lazy as _
from wagtail.models import Page

from courses.models import ArticleIndexPage, CataloguePage, TrackIndexPage
from pages.home import HomePage

# While nobody gave them another title, they bear the interface's word.
WORDS = {"课程": _("Courses"), "学习路径": _("Tracks"), "文章": _("Articles")}


def setup_site() -> None:
    """Make what is missing below the front page; idempotent."""
    home = HomePage.objects.get()
    for model, title, slug in (
        (CataloguePage, "课程", "courses"),
        (TrackIndexPage, "学习路径", "tracks"),
        (ArticleIndexPage, "文章", "articles"),
    ):
        if not model.objects.exists():
            page: Page = model(title=title, slug=slug, show_in_menus=True)
            home.add_child(instance=page)
