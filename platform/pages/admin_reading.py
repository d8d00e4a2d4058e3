"""Listings in the administration of what nobody writes by hand: found, looked at, acted upon."""

from typing import Any

from wagtail.admin.viewsets.model import ModelViewSet


class ReadingViewSet(ModelViewSet):
    """A list and a page for each row; whatever is done there brings addresses of its own."""

    add_to_admin_menu = True
    add_to_reference_index = False
    form_fields: list[str] = []
    copy_view_enabled = False
    inspect_view_enabled = True

    def get_common_view_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        kwargs = {"add_url_name": None, "edit_url_name": None, **kwargs}
        common: dict[str, Any] = super().get_common_view_kwargs(**kwargs)
        gone = ("history_url_name", "usage_url_name", "delete_url_name")
        return {**common, **dict.fromkeys(gone)}

    def get_urlpatterns(self) -> list[Any]:
        offered = {"index", "index_results", "inspect"}
        return [each for each in super().get_urlpatterns() if each.name in offered]
