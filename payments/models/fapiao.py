"""The Chinese tax invoice (发票) that a buyer asks for."""

from datetime import datetime

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Length
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from payments.models.mirrors import Invoice
from payments.models.orders import ORDER_LABEL, Order

DIGITAL = 20  # digits of a number that stands once in the country


class Fapiao(models.Model):
    """To whom the fapiao of a payment is made out; its number and day once finance has issued it.

    A payment is that of an order, or one bill of the subscription that the order began. Once one is
    reversed, what was left of the payment can have another.
    """

    class Kind(models.TextChoices):
        PERSON = "person", _("A person")
        COMPANY = "company", _("A company")

    order = models.ForeignKey(
        Order, on_delete=models.PROTECT, related_name="fapiaos", verbose_name=ORDER_LABEL
    )
    invoice = models.ForeignKey(
        Invoice,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="fapiaos",
        verbose_name=_("Invoice"),
    )
    kind = models.CharField(_("Made out to"), max_length=10, choices=Kind.choices)
    title = models.CharField(_("Name on the fapiao"), max_length=100)
    tax_number = models.CharField(_("Tax number"), max_length=20, blank=True)
    email = models.EmailField(_("E-mail"))
    asked_at = models.DateTimeField(_("Asked for on"))
    changed_at = models.DateTimeField(_("Changed"))
    number = models.CharField(_("Number of the fapiao"), max_length=40, blank=True)
    issued_on = models.DateField(_("Issued on"), null=True, blank=True)
    issued_at = models.DateTimeField(null=True, blank=True)
    issued_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("Issued by"),
    )
    file = models.FileField(_("PDF"), upload_to="private/fapiao/%Y/", blank=True)
    # After a refund (红冲).
    reversed_on = models.DateField(_("Reversed on"), null=True, blank=True)
    reversal_number = models.CharField(_("Number of the reversal"), max_length=40, blank=True)

    wagtail_reference_index_ignore = True

    class Meta:
        verbose_name = _("fapiao")
        verbose_name_plural = _("fapiaos")
        ordering = ["-asked_at", "-pk"]
        permissions = [("issue_fapiao", "Can issue a fapiao")]
        constraints = [
            models.UniqueConstraint(
                fields=["order"],
                condition=Q(invoice=None, reversed_on=None),
                name="fapiao_one_stands_per_order",
            ),
            models.UniqueConstraint(
                fields=["invoice"],
                condition=Q(reversed_on=None),
                name="fapiao_one_stands_per_invoice",
            ),
            # A shorter one is of a paper fapiao, and stands once only beside its 发票代码.
            models.UniqueConstraint(
                fields=["number"],
                condition=Q(Exact(Length("number"), DIGITAL)),
                name="fapiao_number_once",
            ),
            models.UniqueConstraint(
                fields=["reversal_number"],
                condition=Q(Exact(Length("reversal_number"), DIGITAL)),
                name="fapiao_reversal_number_once",
            ),
            models.CheckConstraint(
                name="fapiao_companies_have_a_tax_number",
                condition=Q(kind="person") | ~Q(tax_number=""),
                violation_error_message=_("A company needs its tax number."),
            ),
            models.CheckConstraint(
                name="fapiao_issued_ones_have_number_and_day",
                condition=Q(issued_at=None, issued_on=None, number="")
                | (Q(issued_at__isnull=False, issued_on__isnull=False) & ~Q(number="")),
            ),
            models.CheckConstraint(
                name="fapiao_reversed_ones_were_issued",
                condition=Q(reversed_on=None, reversal_number="")
                | (Q(reversed_on__isnull=False, issued_at__isnull=False) & ~Q(reversal_number="")),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.order} {self.title}"

    @property
    def amount(self) -> int:
        """What was paid, in the smallest unit, before anything went back."""
        return (self.invoice.amount_paid or 0) if self.invoice else self.order.amount

    @property
    def paid_at(self) -> datetime | None:
        return self.invoice.paid_at if self.invoice else self.order.paid_at

    @property
    def is_issued(self) -> bool:
        return self.issued_at is not None
