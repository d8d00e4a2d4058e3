"""Keeps the sandbox's tables out of the site's database: a rollback there must undo no charge."""

from typing import Any

from django.db.models import Model


class SandboxRouter:
    def db_for_read(self, model: type[Model], **hints: Any) -> str | None:
        return "sandbox" if model._meta.app_label == "sandbox" else None

    db_for_write = db_for_read

    def allow_migrate(self, db: str, app_label: str, **hints: Any) -> bool | None:
        if db == "sandbox" or app_label == "sandbox":
            return db == "sandbox" and app_label == "sandbox"
        return None
