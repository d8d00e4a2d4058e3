"""Addresses of what is taught. They are stable: links to them stand in books and chats."""

from django.urls import path

from courses import media, views

urlpatterns = [
    path("courses/", views.catalogue, name="catalogue"),
    path("courses/<str:slug>/", views.course, name="course"),
    path("courses/<str:course_slug>/<str:slug>/", views.lesson, name="lesson"),
    path("articles/", views.articles, name="articles"),
    path("articles/<str:slug>/", views.article, name="article"),
    path("instructors/<str:slug>/", views.instructor, name="instructor"),
    path("disciplines/<str:slug>/", views.discipline, name="discipline"),
    path("media/<int:page_id>/<str:name>/", media.serve, name="media"),
    path("files/<path:path>", media.serve_public, name="public_file"),
]
