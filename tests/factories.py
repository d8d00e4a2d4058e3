"""A fixed cast and a small catalogue for the tests."""

from typing import Any

import factory
import wagtail_factories
from django.contrib.auth import get_user_model
from django.utils import timezone
from wagtail.models import Page

from courses.models import (
    ArticlePage,
    Bundle,
    BundleCourse,
    CataloguePage,
    CoursePage,
    Discipline,
    Instructor,
    LessonPage,
    Membership,
    PrivateMedia,
    TrackIndexPage,
    TrackPage,
)


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = get_user_model()
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.com")
    name = factory.Sequence(lambda n: f"学员{n}")


class InstructorFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Instructor

    name = factory.Sequence(lambda n: f"讲师{n}")
    slug = factory.Sequence(lambda n: f"instructor-{n}")


class DisciplineFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Discipline

    name = factory.Sequence(lambda n: f"学科{n}")
    slug = factory.Sequence(lambda n: f"discipline-{n}")


class MembershipFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Membership

    name = "全部课程"
    slug = factory.Sequence(lambda n: f"membership-{n}")


class BundleFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Bundle

    title = factory.Sequence(lambda n: f"组合{n}")
    slug = factory.Sequence(lambda n: f"bundle-{n}")


class MediaFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = PrivateMedia

    title = factory.Sequence(lambda n: f"录音{n}")
    type = "audio"
    duration = 120.0
    file = factory.django.FileField(filename="lesson.mp3", data=b"ID3" + bytes(range(256)) * 40)


class CourseFactory(wagtail_factories.PageFactory):
    class Meta:
        model = CoursePage

    title = factory.Sequence(lambda n: f"课程{n}")
    slug = factory.Sequence(lambda n: f"course-{n}")
    instructor = factory.SubFactory(InstructorFactory)


class LessonFactory(wagtail_factories.PageFactory):
    class Meta:
        model = LessonPage

    title = factory.Sequence(lambda n: f"第{n}讲")
    slug = factory.Sequence(lambda n: f"{n:02d}")


class ArticleFactory(wagtail_factories.PageFactory):
    class Meta:
        model = ArticlePage

    title = factory.Sequence(lambda n: f"文章{n}")
    slug = factory.Sequence(lambda n: f"article-{n}")


class TrackFactory(wagtail_factories.PageFactory):
    class Meta:
        model = TrackPage

    title = factory.Sequence(lambda n: f"路径{n}")
    slug = factory.Sequence(lambda n: f"track-{n}")
    aim = "走到头，看得懂一群人。"
    last_task_title = "我所在的群，凭什么还在"
    last_task = "写三百个字。"


def catalogue() -> CataloguePage:
    """Made with the site, after migrations."""
    return CataloguePage.objects.get()


def course(*, lessons: int = 0, free: int = 1, **fields: Any) -> CoursePage:
    """A published course; its first `free` lessons are free previews."""
    fields.setdefault("first_published_at", timezone.now())
    page = CourseFactory(parent=catalogue(), **fields)
    for number in range(lessons):
        lesson(page, slug=f"{number:02d}", free_preview=number < free)
    return page


def bundle(*courses: CoursePage, **fields: Any) -> Bundle:
    """A bundle of these courses, in this order."""
    made: Bundle = BundleFactory(**fields)
    for position, page in enumerate(courses):
        BundleCourse.objects.create(bundle=made, course=page, sort_order=position)
    return made


def lesson(page: CoursePage, **fields: Any) -> LessonPage:
    """A published lesson whose every paid field carries a canary of its own."""
    slug = fields.setdefault("slug", f"{page.numchild:02d}")
    fields.setdefault("title", f"第 {slug} 讲")
    fields.setdefault("body", [("text", f"<p>正文canary{slug}。第二句。</p>")])
    fields.setdefault(
        "transcript", f"WEBVTT\n\n00:00:00.000 --> 00:00:04.000\n字幕canary{slug}。\n"
    )
    fields.setdefault("first_published_at", timezone.now())
    created = LessonFactory(parent=page, **fields)
    page.refresh_from_db()
    return created


def track(*stages: list[Page], **fields: Any) -> TrackPage:
    """A published track; each stage is its pages, courses or lessons."""
    fields.setdefault("first_published_at", timezone.now())
    fields["stages"] = [stage(f"阶段{number}", pages) for number, pages in enumerate(stages, 1)]
    created: TrackPage = TrackFactory(parent=TrackIndexPage.objects.get(), **fields)
    return created


def stage(title: str, pages: list[Page]) -> tuple[str, dict[str, Any]]:
    """A stage as the field takes it."""
    return "stage", {"title": title, "line": f"{title}的一句话", "items": pages}
