"""Buckets of S3-compatible services that tenants register."""

import django.core.validators
import django.db.models.deletion
import django.db.models.functions.datetime
from django.db import migrations, models

import common.ids


class Migration(migrations.Migration):
    dependencies = [
        ("recognition", "0016_quality_bars"),
        ("tenants", "0008_erasure"),
    ]

    operations = [
        migrations.CreateModel(
            name="Bucket",
            fields=[
                ("id", models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "name",
                    models.CharField(
                        max_length=255,
                        validators=[django.core.validators.RegexValidator("\\A[0-9A-Za-z.\\-_]{3,255}\\Z")],
                    ),
                ),
                ("endpoint", models.CharField(max_length=300)),
                ("bucket", models.CharField(max_length=255)),
                ("region", models.CharField(max_length=64)),
                ("prefix", models.CharField(blank=True, max_length=500)),
                ("access_key_id", models.CharField(max_length=128)),
                ("secret_access_key", models.BinaryField()),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.tenant"
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(fields=("tenant", "name"), name="bucket_name_once_per_tenant"),
                    models.CheckConstraint(
                        condition=models.Q(("name__regex", "^[0-9A-Za-z.\\-_]{3,255}$")), name="bucket_name_form"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("bucket__regex", "^[0-9A-Za-z.\\-_]{3,255}$")),
                        name="bucket_of_service_form",
                    ),
                    models.CheckConstraint(
                        condition=models.Q(("endpoint__regex", "^https?://[^/?#@]+$")), name="bucket_endpoint_form"
                    ),
                ],
            },
        ),
    ]
