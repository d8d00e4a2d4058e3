from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class PagesConfig(AppConfig):
    name = "pages"
    verbose_name = _("Pages of the site")

    def ready(self) -> None:
        from pages import checklist_items, edition  # noqa: F401
        from pages.models import SiteSettings
        from pages.setup import register_consent_texts, setup_after_migrations

        register_consent_texts()
        edition.shown_pages()
        edition.shown(SiteSettings)
        last = [app for app in apps.get_app_configs() if app.models_module][-1]
        post_migrate.connect(setup_after_migrations, sender=last, dispatch_uid="pages.setup")
