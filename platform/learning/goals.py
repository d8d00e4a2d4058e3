"""How much a learner means to study."""

from accounts.models import User
from learning.models import LearnerGoals


def of(learner: User) -> LearnerGoals:
    """The learner's own, else the default ones (unsaved)."""
    return LearnerGoals.objects.filter(learner=learner).first() or LearnerGoals(learner=learner)


def change(*, learner: User, minutes: int, days: int, sentences: int) -> None:
    LearnerGoals.objects.update_or_create(
        learner=learner, defaults={"minutes": minutes, "days": days, "sentences": sentences}
    )
