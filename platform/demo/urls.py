"""Addresses that exist only with DEBUG."""

from django.urls import path

from demo import desk, styleguide

urlpatterns = [
    path("demo/", desk.desk, name="demo_desk"),
    path("demo/sign-in/<str:key>/", desk.sign_in, name="demo_sign_in"),
    path("demo/mail/<int:pk>/", desk.mail, name="demo_mail"),
    path("styleguide/", styleguide.index, name="styleguide"),
    path("styleguide/course/", styleguide.course, name="styleguide_course"),
    path("styleguide/lesson/<int:number>/", styleguide.lesson, name="styleguide_lesson"),
    path("styleguide/paywall/", styleguide.paywall, name="styleguide_paywall"),
    path(
        "styleguide/pictures/<str:ground>/<str:title>-<str:shape>.<str:suffix>",
        styleguide.picture,
        name="styleguide_picture",
    ),
    path("styleguide/sound/<int:seconds>/", styleguide.sound, name="styleguide_sound"),
]
