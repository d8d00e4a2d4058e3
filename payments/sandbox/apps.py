from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class SandboxConfig(AppConfig):
    name = "payments.sandbox"
    label = "sandbox"
    verbose_name = _("Stripe sandbox")

    def ready(self) -> None:
        from operations import embedded
        from payments.sandbox import checks, completing, outbox, periodic, routes

        # Importing completing and routes fills the tables of operations and timers.
        _ = (checks, completing, periodic, routes)
        embedded.register(outbox.start_thread)
