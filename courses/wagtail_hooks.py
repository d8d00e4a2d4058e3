"""What the admin gets from the courses."""

from typing import Any

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.admin.menu import MenuItem
from wagtail.admin.panels import FieldPanel, InlinePanel, ObjectList
from wagtail.admin.ui.components import Component
from wagtail.admin.ui.tables import BooleanColumn
from wagtail.images.image_operations import ImageTransform, TransformOperation
from wagtail.models import Page
from wagtail.permissions import policy_registry
from wagtail.snippets.models import register_snippet
from wagtail.snippets.views.chooser import SnippetChooserViewSet
from wagtail.snippets.views.snippets import SnippetViewSet, SnippetViewSetGroup

from accounts import audit
from courses import dashboard, deletion, media
from courses.admin_api import DocumentsAPI, PicturesAPI
from courses.forms import CoursesOnce
from courses.models import (
    Bundle,
    CoursePage,
    Discipline,
    Instructor,
    LessonPage,
    Membership,
    TrackPage,
)
from courses.subject_forms import InstructorForm, TeachingForm

TEACHING = "teaching"
ADDRESS = _("The end of its web address. Once links to it are about, leave it as it is.")


class PublicOperation(TransformOperation):
    """`|public` in a filter: this rendition is for everyone (courses/storage.py)."""

    def construct(self) -> None:
        pass

    def run(self, transform: ImageTransform, image: Any) -> ImageTransform:
        return transform


@hooks.register("register_image_operations")
def register_image_operations() -> list[tuple[str, type[TransformOperation]]]:
    return [("public", PublicOperation)]


@hooks.register("register_admin_urls")
def register_admin_urls() -> list[URLPattern]:
    return [path("files/<path:path>", media.serve_to_staff, name="staff_file")]


@hooks.register("before_delete_page")
def refuse_to_delete(request: HttpRequest, page: Page) -> HttpResponse | None:
    return deletion.refuse(request, [page]) if request.method == "POST" else None


@hooks.register("before_bulk_action")
def refuse_to_delete_several(
    request: HttpRequest, action_type: str, objects: list[Any], action: Any
) -> HttpResponse | None:
    if action_type != "delete" or not all(isinstance(page, Page) for page in objects):
        return None
    return deletion.refuse(request, objects) if request.method == "POST" and objects else None


@hooks.register("before_move_page")
def refuse_to_move(request: HttpRequest, page: Page, destination: Page) -> HttpResponse | None:
    """A lesson belongs to those who have its course: in another one it would be lost to them."""
    if request.method != "POST" or page.specific_class != LessonPage:
        return None
    if page.get_parent().pk == destination.pk:
        return None
    return deletion.refuse(request, [page])


@hooks.register("construct_admin_api", order=100)  # after Wagtail's own
def show_files_to_those_who_may_choose_them(router: Any) -> None:
    router.register_endpoint("images", PicturesAPI)
    router.register_endpoint("documents", DocumentsAPI)


@hooks.register("before_copy_page")
def refuse_alias(request: HttpRequest, page: Page) -> HttpResponse | None:
    """Copying a whole catalogue as aliases would alias its courses."""
    if request.method != "POST" or not request.POST.get("alias"):
        return None
    below = page.get_descendants(inclusive=True)
    if not below.type(CoursePage, LessonPage, TrackPage).exists():
        return None
    messages.error(
        request, _("Courses, lessons and tracks can be copied, but not mirrored as aliases.")
    )
    return redirect("wagtailadmin_pages:copy", page.pk)


@hooks.register("register_log_actions")
def log_actions(actions: Any) -> None:
    audit.register(actions, "courses.give_access", _("Give access"), _("Access was given"))
    audit.register(actions, "courses.extend_access", _("Extend access"), _("Access was extended"))
    audit.register(
        actions, "courses.withdraw_access", _("Withdraw access"), _("Access was withdrawn")
    )


@hooks.register("construct_homepage_panels")
def show_an_editors_day(request: HttpRequest, panels: list[Component]) -> None:
    if policy_registry.get_by_type(Page).user_has_permission(request.user, "change"):
        found = (dashboard.begin(request.user), dashboard.lacking(request.user))
        panels += [panel for panel in found if panel]


@hooks.register("construct_main_menu")
def show_teaching_to_who_teaches(request: HttpRequest, items: list[MenuItem]) -> None:
    """Also to finance, for its memberships; others who may only see those have no use for it."""
    if not request.user.has_perm("courses.change_membership") and not request.user.has_perm(
        "courses.change_instructor"
    ):
        items[:] = [item for item in items if item.name != TEACHING]


class TeachingChooserViewSet(SnippetChooserViewSet):
    """For choosing alone: each is made on its own page, and Wagtail's address for making one here
    fails without a form."""

    def get_urlpatterns(self) -> list[URLPattern]:
        return [each for each in super().get_urlpatterns() if each.name != "create"]


class TeachingViewSet(SnippetViewSet):
    chooser_viewset_class = TeachingChooserViewSet
    panels: list[Any] = []
    base_form_class: type[TeachingForm] = TeachingForm

    @property
    def edit_handler(self) -> ObjectList:
        return ObjectList(self.panels, base_form_class=self.base_form_class)


class InstructorViewSet(TeachingViewSet):
    model = Instructor
    icon = "user"
    list_display = ["name", "line"]
    base_form_class = InstructorForm
    panels = [
        FieldPanel("name", help_text=_("As learners read it on courses and lessons.")),
        FieldPanel("slug", help_text=ADDRESS),
        "line",
        FieldPanel("biography", help_text=_("On their own page; an empty line parts paragraphs.")),
        FieldPanel("portrait", help_text=_("Square, at least 300 pixels; shown in a circle.")),
        FieldPanel("account_email"),
    ]


class DisciplineViewSet(TeachingViewSet):
    model = Discipline
    icon = "site"
    list_display = ["name", "parent", "ground"]
    panels = [
        FieldPanel("name", help_text=_("Short: it stands on covers, cards and filters.")),
        FieldPanel("slug", help_text=ADDRESS),
        FieldPanel("parent", help_text=_("Its courses are found under the larger one, too.")),
        FieldPanel("summary", help_text=_("Over its list of courses. At most 200 characters.")),
        FieldPanel("ground", help_text=_("The ground of the covers that are drawn.")),
    ]
    sort_order_field = "sort_order"


class MembershipViewSet(TeachingViewSet):
    model = Membership
    icon = "tag"
    list_display = ["name", BooleanColumn("is_for_sale", label=_("For sale"))]
    panels = [
        FieldPanel("name", help_text=_("As it stands on the membership page and in orders.")),
        FieldPanel("slug", help_text=_("Letters and digits, for staff; learners do not see it.")),
        FieldPanel("promise", help_text=_("What members get, in at most 80 characters.")),
        "includes",
        FieldPanel("excludes", help_text=_("Said honestly, before one pays. One line each.")),
        FieldPanel(
            "is_for_sale", help_text=_("Off: nobody new can buy it; who is a member stays one.")
        ),
    ]
    sort_order_field = "sort_order"


class CoursesPanel(InlinePanel):
    """The courses in a bundle."""

    def get_form_options(self) -> dict[str, Any]:
        options: dict[str, Any] = super().get_form_options()
        options["formsets"][self.relation_name]["formset"] = CoursesOnce
        return options


class BundleViewSet(TeachingViewSet):
    """Beside the groups: editors and finance both make bundles."""

    model = Bundle
    icon = "folder-open-inverse"
    add_to_admin_menu = True
    menu_label = _("Bundles")
    menu_name = "bundles"
    menu_order = 210
    list_display = ["title", BooleanColumn("is_for_sale", label=_("May be sold"))]
    panels = [
        FieldPanel("title", help_text=_("As it stands on its page and in orders.")),
        FieldPanel("slug", help_text=ADDRESS),
        FieldPanel("promise", help_text=_("Under the title, in at most 80 characters.")),
        FieldPanel("description", help_text=_("An empty line parts paragraphs.")),
        CoursesPanel(
            "contents",
            heading=_("Courses"),
            label=_("Course"),
            min_num=2,
            help_text=_("In order. What was sold keeps the courses that it had then."),
            # Not the chooser of pages: it would show finance the titles of drafts.
            panels=[FieldPanel("course", widget=forms.Select)],
        ),
        FieldPanel(
            "is_for_sale",
            help_text=_(
                "It needs a price, too. It is sold while every course in it is published and none "
                "is planned for a later day. Off: nobody new can buy it."
            ),
        ),
    ]
    sort_order_field = "sort_order"


class TeachingGroup(SnippetViewSetGroup):
    menu_label = _("Teaching")
    menu_name = TEACHING
    menu_icon = "openquote"
    menu_order = 200
    items = [InstructorViewSet, DisciplineViewSet, MembershipViewSet]


register_snippet(TeachingGroup)
register_snippet(BundleViewSet)
