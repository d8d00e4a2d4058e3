from .article import ArticleIndexPage, ArticlePage
from .bundles import Bundle, BundleCourse
from .course import CataloguePage, Chapter, CoursePage
from .files import PrivateDocument, PrivateImage, PrivateMedia, Rendition
from .grants import Grant, GrantChange
from .lesson import LessonPage
from .memberships import Membership, MembershipCourse
from .subjects import Discipline, Instructor
from .track import TrackIndexPage, TrackPage

__all__ = [
    "ArticleIndexPage",
    "ArticlePage",
    "Bundle",
    "BundleCourse",
    "CataloguePage",
    "Chapter",
    "CoursePage",
    "Discipline",
    "Grant",
    "GrantChange",
    "Instructor",
    "LessonPage",
    "Membership",
    "MembershipCourse",
    "PrivateDocument",
    "PrivateImage",
    "PrivateMedia",
    "Rendition",
    "TrackIndexPage",
    "TrackPage",
]
