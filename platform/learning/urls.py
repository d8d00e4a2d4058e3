"""Addresses below /study/."""

from django.urls import path

from learning import views

urlpatterns = [
    path("", views.study, name="study"),
    path("goals/", views.goals, name="study_goals"),
    path("beat/", views.beat, name="study_beat"),
    path("token/<int:lesson_id>/", views.token, name="study_token"),
    path("done/<int:lesson_id>/", views.done, name="study_done"),
]
