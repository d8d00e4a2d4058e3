"""The free relation: whom one follows, letters, what one wishes for, the end of a lesson,
what mails one wants."""

from django.urls import path

from growth import closing_views, follow_views, letter_views, mail_choice_views, wish_views

urlpatterns = [
    path("following/", follow_views.following, name="following"),
    path("following/publisher/", follow_views.follow, name="follow_publisher"),
    path("following/instructors/<str:slug>/", follow_views.follow, name="follow_instructor"),
    path("letters/", letter_views.index, name="letters"),
    path("letters/ask/", letter_views.ask, name="letters_ask"),
    path("letters/<int:pk>/", letter_views.letter, name="letter"),
    path("letters/yes/<str:token>/", letter_views.yes, name="letters_yes"),
    path("letters/no/<str:token>/", letter_views.no, name="letters_no"),
    path("account/mails/", mail_choice_views.choices, name="mail_choices"),
    path("mails/stop/<str:token>/", mail_choice_views.stop, name="stop_mails"),
    path("study/closing/<int:lesson_id>/", closing_views.closing, name="lesson_closing"),
    path("study/continue/<int:lesson_id>/", closing_views.continue_at, name="continue_at"),
    path("study/continue/calendar.ics", closing_views.continue_file, name="continue_file"),
    path("study/continue/cancel/", closing_views.cancel, name="continue_cancel"),
    path("study/resume/<int:lesson_id>/", closing_views.resume, name="resume"),
    path("wishes/<int:course_id>/", wish_views.wish, name="wish"),
]
