"""Addresses of what is taught. They are stable: links to them stand in books and chats."""

from django.urls import path
from django.views.generic import RedirectView

from courses import media, picture_views, track_views, views
from courses.search import views as search_views

urlpatterns = [
    path("courses/", views.catalogue, name="catalogue"),
    path("courses/<str:slug>/", views.course, name="course"),
    path("courses/<str:course_slug>/<str:slug>/", views.lesson, name="lesson"),
    path("tracks/", track_views.tracks, name="tracks"),
    path("tracks/<str:slug>/", track_views.track, name="track"),
    path("articles/", views.articles, name="articles"),
    path("articles/<str:slug>/", views.article, name="article"),
    path("instructors/", RedirectView.as_view(pattern_name="catalogue")),
    path("instructors/<str:slug>/", views.instructor, name="instructor"),
    path("disciplines/", RedirectView.as_view(pattern_name="catalogue")),
    path("disciplines/<str:slug>/", views.discipline, name="discipline"),
    path("search/", search_views.search, name="search"),
    path("search/suggest/", search_views.suggest, name="suggest"),
    path("media/<int:page_id>/<str:name>/", media.serve, name="media"),
    path(
        "pictures/<str:kind>-<int:pk>/<str:digest>-<str:shape>.<str:suffix>",
        picture_views.picture,
        name="picture",
    ),
    path("preview/<str:token>/<str:name>/", media.serve_draft, name="draft_file"),
    path("files/<path:path>", media.serve_public, name="public_file"),
]
