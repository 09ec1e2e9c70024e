"""A ratification names the court's document, of a use that a person declared; reviews that are over are found."""

from django.db import migrations, models

_COLUMNS = "UPDATE (ratification_reference, ratification_digest)"


class Migration(migrations.Migration):
    dependencies = [
        ("casework", "0003_emptied_candidates"),
        ("tenants", "0008_erasure"),
    ]

    operations = [
        migrations.AddField(
            model_name="authorisation",
            name="ratification_digest",
            field=models.CharField(blank=True, default="", max_length=64),
        ),
        migrations.AddField(
            model_name="authorisation",
            name="ratification_reference",
            field=models.CharField(blank=True, default="", max_length=200),
        ),
        migrations.AddIndex(
            model_name="reviewtask",
            index=models.Index(
                condition=models.Q(("closed_at__isnull", False)), fields=["closed_at"], name="review_task_closed"
            ),
        ),
        migrations.AddConstraint(
            model_name="authorisation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ratification_digest", ""), ("ratification_reference", ""), ("ratified_at", None)),
                    models.Q(
                        ("ratification_digest__regex", "^[0-9a-f]{64}$"),
                        ("ratification_reference__regex", "\\S"),
                        ("ratified_at__isnull", False),
                        ("recorded_by_kind", "user"),
                    ),
                    _connector="OR",
                ),
                name="authorisation_ratified_by_a_court",
            ),
        ),
        migrations.RunSQL(
            f"GRANT {_COLUMNS} ON casework_authorisation TO custos_app",
            f"REVOKE {_COLUMNS} ON casework_authorisation FROM custos_app",
        ),
    ]
