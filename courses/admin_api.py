"""The admin's own API of files: each person is shown what they may choose, and nothing else."""

from typing import Any

from wagtail.documents.api.admin.views import DocumentsAdminAPIViewSet
from wagtail.images.api.admin.views import ImagesAdminAPIViewSet
from wagtail.permissions import policy_registry


class _OfTheirs:
    request: Any
    model: Any

    def get_queryset(self) -> Any:
        policy = policy_registry.get_by_type(self.model)
        theirs = policy.instances_user_has_any_permission_for(
            self.request.user, ["choose", "change", "delete"]
        )
        return super().get_queryset().filter(pk__in=theirs)  # type: ignore[misc]


class PicturesAPI(_OfTheirs, ImagesAdminAPIViewSet):
    pass


class DocumentsAPI(_OfTheirs, DocumentsAdminAPIViewSet):
    pass
