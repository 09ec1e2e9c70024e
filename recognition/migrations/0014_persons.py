"""Persons, how many a collection has, and whose face a face is."""

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import common.ids


class Migration(migrations.Migration):
    dependencies = [
        ("recognition", "0013_retention"),
        ("tenants", "0007_columns_of_people"),
    ]

    operations = [
        migrations.AddField(
            model_name="collection",
            name="person_count",
            field=models.PositiveIntegerField(default=0),
        ),
        migrations.CreateModel(
            name="Person",
            fields=[
                ("id", models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "name",
                    models.CharField(
                        max_length=128,
                        validators=[django.core.validators.RegexValidator("\\A[A-Za-z0-9_.\\-:]{1,128}\\Z")],
                    ),
                ),
                ("display_name", models.CharField(blank=True, max_length=255)),
                ("face_count", models.PositiveIntegerField(default=0)),
                ("revision", models.PositiveBigIntegerField(default=1)),
                ("decision_entry_id", models.UUIDField(editable=False)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "collection",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="recognition.collection",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.tenant"
                    ),
                ),
            ],
        ),
        migrations.AddField(
            model_name="face",
            name="person",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="recognition.person",
            ),
        ),
        migrations.AddIndex(
            model_name="face",
            index=models.Index(condition=models.Q(("person__isnull", False)), fields=["person"], name="face_by_person"),
        ),
        migrations.AddConstraint(
            model_name="person",
            constraint=models.UniqueConstraint(fields=("tenant", "collection", "id"), name="person_of_collection"),
        ),
        migrations.AddConstraint(
            model_name="person",
            constraint=models.UniqueConstraint(
                fields=("tenant", "collection", "name"), name="person_name_once_per_collection"
            ),
        ),
        migrations.AddConstraint(
            model_name="person",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("name__regex", "^[A-Za-z0-9_.\\-:]{1,128}$"), models.Q(("name__in", [".", ".."]), _negated=True)
                ),
                name="person_name_form",
            ),
        ),
        migrations.AddConstraint(
            model_name="person",
            constraint=models.CheckConstraint(
                condition=models.Q(("face_count__gte", 0), ("face_count__lte", 100)), name="person_face_count_range"
            ),
        ),
    ]
