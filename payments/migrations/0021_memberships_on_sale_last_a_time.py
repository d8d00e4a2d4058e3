from django.db import migrations, models


class Migration(migrations.Migration):
    kept_before_because = "its form refuses to sell a membership for good"

    dependencies = [
        ("courses", "0008_free_enrolment"),
        ("payments", "0020_take_memberships_for_good_off_sale"),
    ]

    operations = [
        migrations.AddConstraint(
            model_name="offer",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("membership", None),
                    models.Q(("kind", "one_off"), _negated=True),
                    ("is_active", False),
                    _connector="OR",
                ),
                name="offer_memberships_on_sale_last_a_time",
                violation_error_message=(
                    "A membership lasts a time: choose what renews itself, or a term."
                ),
            ),
        ),
    ]
