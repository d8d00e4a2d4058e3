"""Who teaches, and where a course stands on the map of knowledge."""

from django.core.exceptions import ValidationError
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _
from wagtail.search import index

from accounts.models import User


class Instructor(index.Indexed, models.Model):
    name = models.CharField(_("Name"), max_length=60)
    slug = models.SlugField(_("Address"), unique=True, allow_unicode=True)
    line = models.CharField(
        _("One line"), max_length=80, blank=True, help_text=_("What they are known for.")
    )
    biography = models.TextField(_("Biography"), blank=True)
    portrait = models.ForeignKey(
        "courses.PrivateImage",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("Portrait"),
    )
    # With it they answer as the instructor, and read their own courses (courses.access).
    account = models.OneToOneField(
        User,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("Account"),
    )

    search_fields = [
        index.SearchField("title", boost=2),
        index.AutocompleteField("title"),
        index.SearchField("line"),
        index.AutocompleteField("line"),
        index.SearchField("biography"),
    ]

    class Meta:
        verbose_name = _("instructor")
        verbose_name_plural = _("instructors")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("instructor", args=[self.slug])

    @property
    def title(self) -> str:
        """The name, as the search index calls what counts most."""
        return self.name


class Discipline(index.Indexed, models.Model):
    """A node of the map of knowledge (通识); its ground colours the covers."""

    class Ground(models.TextChoices):
        BUSINESS = "business", _("Umber")
        COGNITION = "cognition", _("Indigo")
        SCIENCE = "science", _("Pine")
        CITY = "city", _("Slate")
        ARTS = "arts", _("Crimson")
        HISTORY = "history", _("Ochre")
        PHILOSOPHY = "philosophy", _("Plum")
        OTHER = "other", _("Ink")

    parent = models.ForeignKey(
        "self",
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="children",
        verbose_name=_("Part of"),
    )
    name = models.CharField(_("Name"), max_length=40)
    slug = models.SlugField(_("Address"), unique=True, allow_unicode=True)
    summary = models.CharField(_("Summary"), max_length=200, blank=True)
    ground = models.CharField(
        _("Colour of covers"), max_length=12, choices=Ground.choices, default=Ground.OTHER
    )
    sort_order = models.PositiveIntegerField(_("Sort order"), default=0)

    number = 0  # of live courses, set by `queries.disciplines_taught`

    search_fields = [index.SearchField("name"), index.AutocompleteField("name")]

    class Meta:
        verbose_name = _("discipline")
        verbose_name_plural = _("disciplines")
        ordering = ["sort_order", "name"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("discipline", args=[self.slug])

    def clean(self) -> None:
        super().clean()
        above = self.parent
        while above is not None:
            if above.pk == self.pk:
                raise ValidationError({"parent": _("A discipline cannot be part of itself.")})
            above = above.parent
