"""What a certificate is given for, as editors say it on a course or a track."""

from typing import Any

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from wagtail.admin.panels import MultiFieldPanel
from wagtail.models import Page


class GivesCertificate(Page):
    """Off until an editor wants it. Who has a certificate keeps it, whatever is asked later."""

    gives_certificate = models.BooleanField(
        _("Gives a certificate"),
        default=False,
        db_default=False,
        help_text=_("Whoever has done what is asked may claim it, with a name of their choice."),
    )
    certificate_lessons = models.PositiveSmallIntegerField(
        _("Lessons done, in percent"),
        default=100,
        db_default=100,
        validators=[MinValueValidator(1), MaxValueValidator(100)],
        help_text=_("Of the regular lessons; prefaces, extras and answers are not counted."),
    )
    certificate_score = models.PositiveSmallIntegerField(
        _("Score in the quizzes, in percent"),
        default=0,
        db_default=0,
        validators=[MaxValueValidator(100)],
        help_text=_("On average over the lessons with a quiz, by each one's best. 0: not asked."),
    )

    class Meta:
        abstract = True


def certificate_panel() -> Any:
    names = ["gives_certificate", "certificate_lessons", "certificate_score"]
    return MultiFieldPanel(names, heading=_("Certificate"))


def certificate_asks_parts(name: str) -> models.CheckConstraint:
    """The constraint of a model that gives certificates."""
    return models.CheckConstraint(
        name=name,
        condition=Q(certificate_lessons__range=(1, 100), certificate_score__range=(0, 100)),
    )
