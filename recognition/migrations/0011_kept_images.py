"""Files of kept pictures, and what the contents of a collection were made for."""

import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import common.ids


class Migration(migrations.Migration):
    dependencies = [
        ("recognition", "0010_evaluations"),
        ("tenants", "0007_columns_of_people"),
    ]

    operations = [
        migrations.CreateModel(
            name="CollectionUse",
            fields=[
                ("id", models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("purpose", models.CharField(blank=True, max_length=40, null=True)),
                ("on_behalf_of", models.CharField(blank=True, max_length=40, null=True)),
                ("jurisdiction", models.CharField(blank=True, max_length=10, null=True)),
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
        migrations.CreateModel(
            name="StoredFile",
            fields=[
                ("id", models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("digest", models.CharField(max_length=64)),
                ("size_bytes", models.PositiveIntegerField()),
                (
                    "unused_since",
                    models.DateTimeField(blank=True, db_default=django.db.models.functions.datetime.Now(), null=True),
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
            model_name="image",
            name="file",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="recognition.storedfile",
            ),
        ),
        migrations.AddIndex(
            model_name="image",
            index=models.Index(condition=models.Q(("file__isnull", False)), fields=["file"], name="image_by_file"),
        ),
        migrations.AddConstraint(
            model_name="collectionuse",
            constraint=models.UniqueConstraint(
                fields=("tenant", "collection", "purpose", "on_behalf_of", "jurisdiction"),
                name="use_once_per_collection",
                nulls_distinct=False,
            ),
        ),
        migrations.AddIndex(
            model_name="storedfile",
            index=models.Index(
                condition=models.Q(("unused_since__isnull", False)), fields=["unused_since"], name="stored_file_unused"
            ),
        ),
        migrations.AddConstraint(
            model_name="storedfile",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="stored_file_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="storedfile",
            constraint=models.UniqueConstraint(fields=("tenant", "digest"), name="stored_file_once_per_tenant"),
        ),
        migrations.AddConstraint(
            model_name="storedfile",
            constraint=models.CheckConstraint(
                condition=models.Q(("digest__regex", "^[0-9a-f]{64}$")), name="stored_file_digest_sha256"
            ),
        ),
    ]
