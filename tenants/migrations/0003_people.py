"""Invitations, secrets of keys in a table of their own, what members' requests are for; nobody is a superuser."""

import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
from django.db import migrations, models

import common.ids


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0002_row_security"),
    ]

    operations = [
        migrations.CreateModel(
            name="ApiKeySecret",
            fields=[
                ("id", models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("slot", models.PositiveSmallIntegerField(default=1)),
                ("public_id", models.CharField(max_length=32, unique=True)),
                ("secret_digest", models.BinaryField(max_length=32)),
                ("signing_secret", models.BinaryField(blank=True, null=True)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("expires_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.CreateModel(
            name="Invitation",
            fields=[
                ("id", models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("email", models.EmailField(max_length=254)),
                (
                    "role",
                    models.CharField(
                        choices=[
                            ("owner", "owner"),
                            ("admin", "admin"),
                            ("developer", "developer"),
                            ("case_worker", "case worker"),
                            ("reviewer", "reviewer"),
                            ("viewer", "viewer"),
                        ],
                        max_length=20,
                    ),
                ),
                ("secret_digest", models.BinaryField(max_length=32)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("expires_at", models.DateTimeField()),
                ("accepted_at", models.DateTimeField(blank=True, null=True)),
                ("withdrawn_at", models.DateTimeField(blank=True, null=True)),
            ],
        ),
        migrations.AddField(
            model_name="tenant",
            name="default_jurisdiction",
            field=models.CharField(blank=True, max_length=10, null=True),
        ),
        migrations.AddField(
            model_name="tenant",
            name="default_on_behalf_of",
            field=models.CharField(blank=True, max_length=40, null=True),
        ),
        migrations.AddField(
            model_name="tenant",
            name="default_purpose",
            field=models.CharField(blank=True, max_length=40, null=True),
        ),
        migrations.AddConstraint(
            model_name="user",
            constraint=models.CheckConstraint(condition=models.Q(("is_superuser", False)), name="nobody_is_superuser"),
        ),
        migrations.AddField(
            model_name="apikeysecret",
            name="key",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="secrets",
                to="tenants.apikey",
            ),
        ),
        migrations.AddField(
            model_name="apikeysecret",
            name="tenant",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.tenant"),
        ),
        migrations.AddField(
            model_name="invitation",
            name="tenant",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.tenant"),
        ),
        migrations.AddConstraint(
            model_name="apikeysecret",
            constraint=models.CheckConstraint(condition=models.Q(("slot__in", [1, 2])), name="api_key_secret_slot"),
        ),
        migrations.AddConstraint(
            model_name="apikeysecret",
            constraint=models.UniqueConstraint(
                condition=models.Q(("revoked_at", None)),
                fields=("tenant", "key", "slot"),
                name="two_active_secrets_per_key",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.UniqueConstraint(
                models.F("tenant"),
                django.db.models.functions.text.Lower("email"),
                condition=models.Q(("accepted_at", None), ("withdrawn_at", None)),
                name="one_pending_invitation_per_address",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.CheckConstraint(
                condition=models.Q(("role__in", ["owner", "admin", "developer", "case_worker", "reviewer", "viewer"])),
                name="invitation_role_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="invitation",
            constraint=models.CheckConstraint(
                condition=models.Q(("accepted_at", None), ("withdrawn_at", None), _connector="OR"),
                name="invitation_ends_once",
            ),
        ),
    ]
