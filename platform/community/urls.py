"""What people say to one another, under /community/."""

from django.urls import path

from community import comment_views, instructor_views, talk_views

urlpatterns = [
    path("lessons/<int:lesson_id>/", talk_views.talk, name="lesson_talk"),
    path("lessons/<int:lesson_id>/say/", talk_views.say, name="talk_say"),
    path("comments/<int:pk>/answer/", comment_views.answer, name="comment_answer"),
    path("comments/<int:pk>/change/", comment_views.change, name="comment_change"),
    path("comments/<int:pk>/remove/", comment_views.remove, name="comment_remove"),
    path("comments/<int:pk>/like/", comment_views.like, name="comment_like"),
    path("comments/<int:pk>/report/", comment_views.report, name="comment_report"),
    path("questions/", instructor_views.questions, name="instructor_questions"),
]
