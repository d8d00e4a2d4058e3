"""A course reserved with a card before it opens. Written by `payments.reserving` only."""

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from payments.models.orders import Order


class Reservation(models.Model):
    """What is known of an order whose card is charged on its course's day."""

    class Ending(models.TextChoices):
        """Why it came to no payment."""

        GIVEN_UP = "given_up", _("Given up by the buyer")
        CALLED_OFF = "called_off", _("The presale was given up")
        LAPSED = "lapsed", _("The card was refused, and nobody paid")
        NOT_NEEDED = "not_needed", _("They had the course already")

    order = models.OneToOneField(Order, on_delete=models.PROTECT, related_name="reservation")
    customer_id = models.CharField(_("Customer"), max_length=255)
    payment_method_id = models.CharField(_("Card"), max_length=255)
    reserved_at = models.DateTimeField(_("Reserved"))
    # The course's day as the buyer was told it last; of which they were told five days before.
    day = models.DateField(_("Charged on"))
    noticed_day = models.DateField(null=True, blank=True)
    # From here on it can no longer be given up: Stripe is being asked.
    charging_at = models.DateTimeField(_("Charge begun"), null=True, blank=True)
    refused_at = models.DateTimeField(_("Card refused"), null=True, blank=True)
    # The bank refused only because it wants to know first whether it is the buyer.
    needs_action = models.BooleanField(default=False, db_default=False)
    pay_until = models.DateTimeField(_("To be paid until"), null=True, blank=True)
    ended_at = models.DateTimeField(_("Ended"), null=True, blank=True)
    ending = models.CharField(_("Why it ended"), max_length=10, choices=Ending.choices, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("reservation")
        verbose_name_plural = _("reservations")
        default_permissions = ("view",)
        constraints = [
            models.CheckConstraint(
                name="reservation_refused_ones_say_until_when",
                condition=Q(refused_at=None, pay_until=None)
                | Q(refused_at__isnull=False, pay_until__isnull=False),
            ),
            models.CheckConstraint(
                name="reservation_is_refused_after_it_was_tried",
                condition=Q(refused_at=None) | Q(charging_at__isnull=False),
            ),
            models.CheckConstraint(
                name="reservation_ended_ones_say_why",
                condition=Q(ended_at=None, ending="") | (Q(ended_at__isnull=False) & ~Q(ending="")),
            ),
        ]

    def __str__(self) -> str:
        return str(self.order)

    @property
    def can_be_given_up(self) -> bool:
        if self.ended_at or self.order.waits_for_confirmation:
            return False
        return self.charging_at is None or self.refused_at is not None
