"""What the account teaches that an instructor is linked with."""

from django.contrib.auth.models import AnonymousUser
from django.db.models import QuerySet

from accounts.models import User
from courses.models import CoursePage, Instructor


def courses_of(user: User) -> QuerySet[CoursePage]:
    """Also those that are not out any more: their learners go on asking."""
    return CoursePage.objects.filter(instructor__account=user.pk)


def is_instructor(user: User | AnonymousUser) -> bool:
    return user.is_authenticated and Instructor.objects.filter(account=user.pk).exists()
