"""What courses hold about a person: why they may open something, and who decided it."""

from django.utils.translation import gettext_lazy as _

from accounts.privacy import hold

hold(
    "courses.Grant",
    "learner",
    erase="keep",
    export=(
        "course__title",
        "membership__name",
        "source_kind",
        "starts_at",
        "ends_at",
        "withdrawn_at",
    ),
    stays=_("Which courses you had and when stays with the orders, without your name."),
)
hold("courses.GrantChange", "actor", erase="keep")
hold("courses.Instructor", "account", erase="detach", export=("name",))
