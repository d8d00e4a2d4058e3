"""Addresses below /study/."""

from django.urls import path

from learning import track_views, views

urlpatterns = [
    path("", views.study, name="study"),
    path("goals/", views.goals, name="study_goals"),
    path("tracks/<int:track_id>/join/", track_views.join, name="track_join"),
    path("tracks/<int:track_id>/leave/", track_views.leave, name="track_leave"),
    path("tracks/<int:track_id>/task/", track_views.task, name="track_task"),
    path("beat/", views.beat, name="study_beat"),
    path("speed/", views.speed, name="study_speed"),
    path("token/<int:lesson_id>/", views.token, name="study_token"),
    path("done/<int:lesson_id>/", views.done, name="study_done"),
]
