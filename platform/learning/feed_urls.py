"""Addresses that podcast apps fetch, below /feeds/."""

from django.urls import path

from learning import feed_views

urlpatterns = [
    path("<str:token>/", feed_views.feed, name="podcast_feed"),
    path("media/<str:token>/<str:name>", feed_views.file, name="podcast_file"),
]
