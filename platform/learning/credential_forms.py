"""The name on a certificate, and why one is withdrawn."""

from django import forms
from django.utils.translation import gettext_lazy as _

from learning.credentials import clean_name
from learning.models import Credential


class NameForm(forms.Form):
    name = forms.CharField(
        label=_("Name on the certificate"),
        max_length=60,
        help_text=_("As you want it to be read. Whoever has its address sees it."),
        widget=forms.TextInput(attrs={"autocomplete": "name"}),
    )

    def clean_name(self) -> str:
        name = clean_name(self.cleaned_data["name"])
        if not name:
            raise forms.ValidationError(_("A name has at least one letter or character."))
        return name


class WithdrawalForm(forms.Form):
    ground = forms.ChoiceField(
        label=_("Ground"),
        choices=Credential.Ground.choices,
        help_text=_("Whoever looks the certificate up reads it."),
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=300,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The learner reads it by mail, word for word; strangers do not."),
    )
