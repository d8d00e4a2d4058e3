"""The form by which a visitor or a learner asks for letters."""

from django import forms
from django.utils.translation import gettext_lazy as _

from courses.models import Instructor


class AskForm(forms.Form):
    """`of`: the instructor whose letters they are; empty: the publisher's."""

    email = forms.EmailField(
        label=_("E-mail"),
        max_length=254,
        widget=forms.EmailInput(attrs={"autocomplete": "email", "inputmode": "email"}),
    )
    of = forms.ModelChoiceField(
        Instructor.objects.all(),
        to_field_name="slug",
        required=False,
        widget=forms.HiddenInput,
    )
