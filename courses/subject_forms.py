"""Forms of what is edited beside the pages: instructors, disciplines, memberships, bundles."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _
from wagtail.admin.forms import WagtailAdminModelForm

from accounts.models import User
from courses.models import Instructor


class TeachingForm(WagtailAdminModelForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["slug"].error_messages |= {
            "unique": _("This address is taken: choose another one."),
            "invalid": _("Letters from a to z, digits, hyphens and underscores; no spaces."),
        }


class InstructorForm(TeachingForm):
    """The account by its e-mail, whole: who edits courses has no list of people to choose from."""

    account_email = forms.EmailField(
        label=_("E-mail of their account"),
        required=False,
        help_text=_(
            "With it they sign in as everybody does, and answer questions in their own courses, "
            "marked as the instructor. Left empty, nobody does."
        ),
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if account := self.instance.account:
            self.initial["account_email"] = account.email

    def clean_account_email(self) -> User | None:
        email = self.cleaned_data["account_email"].lower()
        if not email:
            return None
        account = User.objects.filter(email=email, is_active=True).first()
        if account is None:
            raise forms.ValidationError(
                _("Nobody signs in with this e-mail. Let them sign up first.")
            )
        if Instructor.objects.filter(account=account).exclude(pk=self.instance.pk).exists():
            raise forms.ValidationError(_("This account is another instructor's."))
        return account

    def save(self, commit: bool = True) -> Instructor:
        self.instance.account = self.cleaned_data["account_email"]
        saved: Instructor = super().save(commit)
        return saved
