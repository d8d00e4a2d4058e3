from django.apps import AppConfig
from django.conf import settings
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy


class PaymentsConfig(AppConfig):
    name = "payments"
    verbose_name = gettext_lazy("Payments")

    def ready(self) -> None:
        from pages import edition
        from payments import checklist_items, fixed_rows, holdings, live_orders, periodic, sitemaps
        from payments.models import Offer, PresaleEnd, Price

        edition.shown(Offer, PresaleEnd, Price)
        _ = (checklist_items, holdings, periodic, sitemaps)
        post_migrate.connect(fixed_rows.install, sender=self, dispatch_uid="payments.fixed_rows")
        if settings.METRICS_TOKEN:
            from operations.measures import register
            from payments import measures

            register(measures.orders)
            register(measures.stripe_events)
        if settings.STRIPE_SANDBOX:
            from payments.sandbox import time

            live_orders.keep_the_sandbox_away()
            time.day_passed.connect(periodic.remind_on_the_way)
