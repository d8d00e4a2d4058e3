"""What every site has before anyone published: the catalogue, the lists of tracks and articles."""

from courses.models import ArticleIndexPage, CataloguePage, TrackIndexPage
from courses.models.lists import ListPage
from pages.home import HomePage


def setup_site() -> None:
    """Make what is missing below the front page; idempotent."""
    home = HomePage.objects.get()
    lists: tuple[type[ListPage], ...] = (CataloguePage, TrackIndexPage, ArticleIndexPage)
    for model in lists:
        if not model.objects.exists():
            page = model(title=model.given_title, slug=model.stable_slug, show_in_menus=True)
            home.add_child(instance=page)
