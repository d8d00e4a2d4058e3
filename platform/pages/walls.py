"""Rights that views of the administration do not ask for themselves.

Wagtail shows every editor what all pages are called, drafts too, and some views name a page to
whoever is staff. Here a page that is not out is known to those who work with it, and to them alone.
And one view trusts that a form was sent, and fails without.
"""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied
from django.db.models import Model, Q
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404
from wagtail.admin.views.chooser import ExternalLinkView
from wagtail.documents import get_document_model
from wagtail.images import get_image_model
from wagtail.models import Page, Site
from wagtail.permissions import policy_registry
from wagtail.query import PageQuerySet
from wagtailmedia.models import get_media_model

View = Callable[..., HttpResponseBase]
TO_CHOOSE = ["add", "change", "choose"]
TO_SEE = ["change", "choose", "delete"]


def wall(view: View) -> View:
    """Around every view of the administration."""

    @wraps(view)
    def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        found = request.resolver_match
        check = CHECKS.get(found.route) if found else None
        if check and not check(request, **kwargs):
            raise PermissionDenied
        return view(request, *args, **kwargs)

    return guarded


def known_to(user: Any, pages: PageQuerySet) -> PageQuerySet:
    """Those of the pages that are out, or that this person works with."""
    theirs = policy_registry.get_by_type(Page).explorable_instances(user)
    return pages.filter(Q(live=True) | Q(pk__in=theirs.order_by().values("pk")))


def _works_with_pages(request: HttpRequest, **kwargs: Any) -> bool:
    return bool(policy_registry.get_by_type(Page).explorable_instances(request.user).exists())


def _knows_all(request: HttpRequest, wanted: list[Any]) -> bool:
    numbers = {int(pk) for pk in wanted if str(pk).isdecimal()}
    known = known_to(request.user, Page.objects.filter(pk__in=numbers))
    return _works_with_pages(request) and known.count() == len(numbers)


def _is_a_form(request: HttpRequest) -> bool:
    """Wagtail's view fails without an address. Raises BadRequest."""
    if request.method == "POST" and f"{ExternalLinkView.form_prefix}-url" not in request.POST:
        raise BadRequest
    return True


def _may_look_below(request: HttpRequest, parent_page_id: int) -> bool:
    return _knows_all(request, [parent_page_id])


def _may_choose_these(request: HttpRequest) -> bool:
    return _knows_all(request, request.GET.getlist("id"))


def _works_with_all_pages(request: HttpRequest) -> bool:
    root = Site.objects.select_related("root_page").get(is_default_site=True).root_page
    return bool(root.permissions_for_user(request.user).can_edit())


def _may_move(request: HttpRequest, page_to_move_id: int, destination_id: int) -> bool:
    page = get_object_or_404(Page, pk=page_to_move_id)
    return bool(page.permissions_for_user(request.user).can_move())


def _may_review(request: HttpRequest, page_id: int, task_id: int) -> bool:
    page = get_object_or_404(Page, pk=page_id)
    return bool(page.permissions_for_user(request.user).can_edit())


def _chooses(model: type[Model]) -> Callable[..., bool]:
    def check(request: HttpRequest, **kwargs: Any) -> bool:
        policy = policy_registry.get_by_type(model)
        return bool(policy.user_has_any_permission(request.user, TO_CHOOSE))

    return check


def _may_see_media(request: HttpRequest, media_id: int) -> bool:
    media = get_object_or_404(get_media_model(), pk=media_id)
    policy = policy_registry.get_by_type(get_media_model())
    return bool(policy.user_has_any_permission_for_instance(request.user, TO_SEE, media))


# Of whole routes, as operations/url_classes.py has them.
CHECKS: dict[str, Callable[..., bool]] = {
    "admin/choose-external-link/": _is_a_form,
    "admin/choose-page/": _works_with_pages,
    "admin/choose-page/<int:parent_page_id>/": _may_look_below,
    "admin/choose-page/search/": _works_with_pages,
    "admin/choose-page/chosen-multiple/": _may_choose_these,
    "admin/images/chooser/": _chooses(get_image_model()),
    "admin/documents/chooser/": _chooses(get_document_model()),
    "admin/pages/<int:page_to_move_id>/move/<int:destination_id>/confirm/": _may_move,
    "admin/pages/workflow/preview/<int:page_id>/<int:task_id>/": _may_review,
    "admin/reports/page-types-usage/": _works_with_all_pages,
    "admin/reports/page-types-usage/results/": _works_with_all_pages,
    "admin/media/usage/<int:media_id>/": _may_see_media,
}
