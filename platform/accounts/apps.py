from django.apps import AppConfig, apps
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        from allauth.mfa.signals import authenticator_added

        from accounts import audit, checks, exports, holdings, security_log, upkeep  # noqa: F401
        from accounts.roles import sync_after_migrations
        from accounts.second_factor import count_set_up

        # Permissions exist once the last app's have been made.
        last = [app for app in apps.get_app_configs() if app.models_module][-1]
        post_migrate.connect(sync_after_migrations, sender=last, dispatch_uid="accounts.roles")
        post_migrate.connect(audit.install, sender=self, dispatch_uid="accounts.audit")
        audit.listen()
        audit.read_own_downloads()
        security_log.listen()
        exports.guard()
        authenticator_added.connect(count_set_up, dispatch_uid="accounts.second_factor")
