"""What a learner sets."""

from django import forms

from learning.models import LearnerGoals


class GoalsForm(forms.ModelForm):
    class Meta:
        model = LearnerGoals
        fields = ["minutes", "days"]
