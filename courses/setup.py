"""What every site has before anyone published: the catalogue, the lists of tracks and articles."""

from wagtail.models import Page

from courses.models import ArticleIndexPage, CataloguePage, TrackIndexPage
from pages.home import HomePage


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
