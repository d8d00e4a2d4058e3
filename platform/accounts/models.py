"""People."""

from typing import ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models.functions import Lower
from django.utils.translation import gettext_lazy as _

from accounts import passwords
from operations import clock

DELETED = "@deleted.invalid"  # what the address of a deleted account ends with


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: object) -> "User":
        user = self.model(email=self.normalize_email(email).lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: object) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email__iexact=username)


class User(AbstractBaseUser, PermissionsMixin):
    """Anyone with an account: learner, editor, admin. The e-mail address is the name to log in."""

    email = models.EmailField(
        _("E-mail"), unique=True, error_messages={"unique": _("This e-mail has an account.")}
    )
    phone = models.CharField(_("Phone"), max_length=20, null=True, blank=True, unique=True)
    name = models.CharField(_("Name"), max_length=60, blank=True)
    language = models.CharField(
        _("Language"), max_length=10, choices=settings.LANGUAGES, default="zh-hans"
    )
    time_zone = models.CharField(_("Time zone"), max_length=50, default="Asia/Shanghai")
    currency = models.CharField(_("Currency"), max_length=3, blank=True, default="", db_default="")
    is_staff = models.BooleanField(_("Staff"), default=False)
    is_active = models.BooleanField(_("May sign in"), default=True)
    date_joined = models.DateTimeField(_("Joined"), default=clock.now)

    objects = UserManager()

    USERNAME_FIELD = EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        verbose_name = _("user")
        verbose_name_plural = _("users")
        permissions = [("look_as_user", _("May see the site as a learner sees it"))]
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_unique_whatever_case",
                violation_error_message=_("This e-mail has an account."),
            )
        ]

    def __str__(self) -> str:
        return self.get_full_name()

    @property
    def is_deleted(self) -> bool:
        """Whether the person is gone; the row stays for what names it."""
        return self.email.endswith(DELETED)

    def set_password(self, raw_password: str | None) -> None:
        super().set_password(raw_password and passwords.normalised(raw_password))

    def check_password(self, raw_password: str | None) -> bool:
        """As it was typed counts, too: it may have been set before passwords had one form."""
        if raw_password is None:
            return False
        one_form = passwords.normalised(raw_password)
        if super().check_password(one_form):
            return True
        return one_form != raw_password and super().check_password(raw_password)

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name or self.email.split("@")[0]


class Consent(models.Model):
    """What somebody agreed to, in the version they were shown, and when. Never changed."""

    class Kind(models.TextChoices):
        TERMS = "terms", _("Terms of service")
        PRIVACY = "privacy", _("Privacy policy")

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="consents")
    kind = models.CharField(max_length=20, choices=Kind)
    version = models.CharField(max_length=20, blank=True)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["user", "kind", "version"], name="consent_once_per_version"
            )
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.version}"


class OutboxMessage(models.Model):
    """A mail, rendered when it was queued; its words go once it is old (accounts.upkeep)."""

    class About(models.TextChoices):
        MONEY = "money", _("Money")
        PRESENT = "present", _("A present")  # to somebody who may have no account

    key = models.CharField(max_length=200, unique=True)
    user = models.ForeignKey(User, on_delete=models.SET_NULL, null=True, blank=True)
    to = models.EmailField()
    language = models.CharField(max_length=10)
    subject = models.CharField(max_length=300)
    text = models.TextField()
    html = models.TextField()
    created_at = models.DateTimeField(db_index=True)
    sent_at = models.DateTimeField(null=True, blank=True)
    caught = models.BooleanField(default=False)  # no mail server is set: kept here, not sent
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.CharField(max_length=200, blank=True)
    # What it is about, for the staff who may read it and send it again; empty: nobody else's.
    about = models.CharField(
        max_length=20, choices=About.choices, blank=True, default="", db_default=""
    )
    # The address that ends mails of this kind; empty: one of those that nobody can do without.
    unsubscribe = models.CharField(max_length=500, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("mail")
        verbose_name_plural = _("mails")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.key


class SavedFilter(models.Model):
    """What somebody looks for often in a listing of the administration (accounts.saved_filters)."""

    owner = models.ForeignKey(User, on_delete=models.CASCADE, related_name="saved_filters")
    listing = models.CharField(max_length=60)  # the name of its address, "money-orders:index"
    name = models.CharField(_("Name"), max_length=40)
    query = models.CharField(max_length=1000)

    class Meta:
        verbose_name = _("saved filter")
        ordering = ["name"]
        default_permissions = ()
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "listing", "name"], name="saved_filter_name_once"
            )
        ]

    def __str__(self) -> str:
        return self.name


class Deletion(models.Model):
    """An account that was deleted. It names nobody: the row of the user stays, anonymised."""

    user = models.OneToOneField(User, on_delete=models.PROTECT, related_name="deletion")
    at = models.DateTimeField()
    rows = models.JSONField(default=dict)  # table → how many rows were deleted or detached

    def __str__(self) -> str:
        return f"{self.user_id} {self.at:%Y-%m-%d}"
