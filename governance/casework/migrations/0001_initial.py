"""Cases, authorisations, training, and results under review."""

import uuid

import django.contrib.postgres.fields
import django.db.models.deletion
import django.db.models.functions.datetime
from django.conf import settings
from django.db import migrations, models

import common.ids


class Migration(migrations.Migration):
    initial = True

    dependencies = [
        ("tenants", "0007_columns_of_people"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="Case",
            fields=[
                ("id", models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("reference", models.CharField(max_length=200)),
                (
                    "purpose",
                    models.CharField(
                        choices=[
                            ("photo_organisation", "photo organisation"),
                            ("identity_verification", "identity verification"),
                            ("second_factor", "second factor"),
                            ("access_control", "access control"),
                            ("missing_person_search", "missing person search"),
                            ("victim_identification", "victim identification"),
                            ("criminal_investigation", "criminal investigation"),
                            ("border_control", "border control"),
                            ("loss_prevention", "loss prevention"),
                            ("journalism", "journalism"),
                            ("research_evaluation", "research evaluation"),
                        ],
                        max_length=40,
                    ),
                ),
                (
                    "offence_class",
                    models.CharField(
                        choices=[
                            ("none", "none"),
                            ("minor", "minor"),
                            ("moderate", "moderate"),
                            ("serious", "serious"),
                            ("life_threatening", "life threatening"),
                        ],
                        max_length=20,
                    ),
                ),
                ("rationale", models.TextField()),
                (
                    "opened_by_kind",
                    models.CharField(
                        choices=[("api_key", "api key"), ("user", "user"), ("system", "system")], max_length=20
                    ),
                ),
                ("opened_by_id", models.UUIDField()),
                (
                    "opened_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.tenant"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="Authorisation",
            fields=[
                ("id", models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "kind",
                    models.CharField(
                        choices=[("warrant", "warrant"), ("court_order", "court order"), ("exigent", "exigent")],
                        max_length=20,
                    ),
                ),
                ("authority", models.CharField(max_length=200)),
                ("document_reference", models.CharField(blank=True, max_length=200)),
                ("document_digest", models.CharField(blank=True, max_length=64)),
                (
                    "operations",
                    django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=40), size=None),
                ),
                ("valid_from", models.DateTimeField()),
                ("valid_until", models.DateTimeField()),
                ("ratify_by", models.DateTimeField(blank=True, null=True)),
                ("ratified_at", models.DateTimeField(blank=True, null=True)),
                ("ratified_by_id", models.UUIDField(blank=True, null=True)),
                (
                    "recorded_by_kind",
                    models.CharField(
                        choices=[("api_key", "api key"), ("user", "user"), ("system", "system")], max_length=20
                    ),
                ),
                ("recorded_by_id", models.UUIDField()),
                (
                    "recorded_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("purged_at", models.DateTimeField(blank=True, null=True)),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.tenant"
                    ),
                ),
                (
                    "case",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="authorisations",
                        to="casework.case",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="CaseOfficer",
            fields=[
                ("id", models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                (
                    "case",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="officers",
                        to="casework.case",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.tenant"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ReviewTask",
            fields=[
                ("id", models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("operation", models.CharField(max_length=20)),
                ("collection_id", models.UUIDField(blank=True, null=True)),
                ("job_id", models.UUIDField(blank=True, null=True)),
                (
                    "requester_kind",
                    models.CharField(
                        choices=[("api_key", "api key"), ("user", "user"), ("system", "system")], max_length=20
                    ),
                ),
                ("requester_id", models.UUIDField()),
                ("purpose", models.CharField(max_length=40)),
                ("on_behalf_of", models.CharField(blank=True, max_length=40, null=True)),
                ("jurisdiction", models.CharField(blank=True, max_length=10, null=True)),
                ("engine_version", models.CharField(max_length=200)),
                ("gallery_size", models.PositiveIntegerField(blank=True, null=True)),
                ("expected_false_candidates", models.FloatField(blank=True, null=True)),
                ("threshold", models.FloatField()),
                ("threshold_words", models.CharField(max_length=200)),
                ("obligations", models.JSONField(default=list)),
                (
                    "status",
                    models.CharField(
                        choices=[
                            ("pending", "Pending"),
                            ("released", "Released"),
                            ("rejected", "Rejected"),
                            ("inconclusive", "Inconclusive"),
                            ("expired", "Expired"),
                        ],
                        default="pending",
                        max_length=20,
                    ),
                ),
                ("decision_entry_id", models.UUIDField(editable=False)),
                (
                    "created_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("expires_at", models.DateTimeField()),
                ("closed_at", models.DateTimeField(blank=True, null=True)),
                (
                    "case",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="reviews",
                        to="casework.case",
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.tenant"
                    ),
                ),
                (
                    "urgent",
                    models.ForeignKey(
                        blank=True,
                        db_constraint=False,
                        db_index=False,
                        null=True,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to="casework.authorisation",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ReviewProbe",
            fields=[
                ("id", models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("number", models.PositiveIntegerField()),
                ("box", models.JSONField(blank=True, null=True)),
                ("confidence", models.FloatField(blank=True, null=True)),
                ("quality", models.JSONField(blank=True, null=True)),
                ("sealed_crop", models.BinaryField(blank=True, null=True)),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.tenant"
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="probes",
                        to="casework.reviewtask",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ReviewCandidate",
            fields=[
                ("id", models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ("rank", models.PositiveIntegerField()),
                ("band", models.CharField(max_length=200)),
                ("quality", models.JSONField(blank=True, null=True)),
                ("reference_digest", models.CharField(blank=True, max_length=64)),
                ("sealed_payload", models.BinaryField()),
                ("sealed_crop", models.BinaryField(blank=True, null=True)),
                (
                    "state",
                    models.CharField(
                        choices=[("pending", "Pending"), ("released", "Released"), ("withheld", "Withheld")],
                        default="pending",
                        max_length=10,
                    ),
                ),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.tenant"
                    ),
                ),
                (
                    "probe",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="candidates",
                        to="casework.reviewprobe",
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="candidates",
                        to="casework.reviewtask",
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="ReviewVerdict",
            fields=[
                ("id", models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("slot", models.PositiveSmallIntegerField()),
                ("requester_id", models.UUIDField()),
                ("judgements", models.JSONField()),
                ("reasons", models.TextField()),
                ("decision_entry_id", models.UUIDField(editable=False)),
                (
                    "given_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                (
                    "reviewer",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
                (
                    "task",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="verdicts",
                        to="casework.reviewtask",
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
            name="TrainingAttestation",
            fields=[
                ("id", models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("course", models.CharField(max_length=200)),
                ("attested_by_id", models.UUIDField()),
                (
                    "attested_at",
                    models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), editable=False),
                ),
                ("expires_at", models.DateTimeField()),
                ("revoked_at", models.DateTimeField(blank=True, null=True)),
                (
                    "tenant",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.tenant"
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        db_constraint=False,
                        on_delete=django.db.models.deletion.DO_NOTHING,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
            ],
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="case_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.UniqueConstraint(fields=("tenant", "reference"), name="case_reference_once_per_tenant"),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(("reference__regex", "^[!-~](?:[ -~]{0,198}[!-~])?$")), name="case_reference_form"
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(("rationale__regex", "\\S.*\\S")), name="case_says_why"
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(("offence_class__in", ["none", "minor", "moderate", "serious", "life_threatening"])),
                name="case_offence_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="case",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "purpose__in",
                        [
                            "photo_organisation",
                            "identity_verification",
                            "second_factor",
                            "access_control",
                            "missing_person_search",
                            "victim_identification",
                            "criminal_investigation",
                            "border_control",
                            "loss_prevention",
                            "journalism",
                            "research_evaluation",
                        ],
                    )
                ),
                name="case_purpose_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="authorisation",
            constraint=models.UniqueConstraint(fields=("tenant", "case", "id"), name="authorisation_of_case"),
        ),
        migrations.AddConstraint(
            model_name="authorisation",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["warrant", "court_order", "exigent"])), name="authorisation_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="authorisation",
            constraint=models.CheckConstraint(
                condition=models.Q(("valid_until__gt", models.F("valid_from"))),
                name="authorisation_ends_after_it_begins",
            ),
        ),
        migrations.AddConstraint(
            model_name="authorisation",
            constraint=models.CheckConstraint(
                condition=models.Q(("operations__len__gte", 1)), name="authorisation_covers_something"
            ),
        ),
        migrations.AddConstraint(
            model_name="authorisation",
            constraint=models.CheckConstraint(
                condition=models.Q(("document_digest__regex", "^([0-9a-f]{64})?$")),
                name="authorisation_document_digest",
            ),
        ),
        migrations.AddConstraint(
            model_name="authorisation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("kind", "exigent"), ("ratify_by__isnull", False)),
                    models.Q(models.Q(("kind", "exigent"), _negated=True), ("ratify_by", None)),
                    _connector="OR",
                ),
                name="authorisation_urgent_has_a_deadline",
            ),
        ),
        migrations.AddConstraint(
            model_name="authorisation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("ratified_at", None), ("ratified_by_id", None)),
                    models.Q(
                        ("ratified_at__lt", models.F("ratify_by")),
                        ("ratified_by_id__isnull", False),
                        models.Q(("ratified_by_id", models.F("recorded_by_id")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="authorisation_ratified_in_time",
            ),
        ),
        migrations.AddConstraint(
            model_name="caseofficer",
            constraint=models.UniqueConstraint(fields=("tenant", "case", "user"), name="officer_once_per_case"),
        ),
        migrations.AddIndex(
            model_name="reviewtask",
            index=models.Index(
                condition=models.Q(("status", "pending")), fields=["expires_at"], name="review_task_pending"
            ),
        ),
        migrations.AddIndex(
            model_name="reviewtask",
            index=models.Index(fields=["tenant", "case"], name="review_task_by_case"),
        ),
        migrations.AddIndex(
            model_name="reviewtask",
            index=models.Index(fields=["tenant", "collection_id"], name="review_task_by_collection"),
        ),
        migrations.AddIndex(
            model_name="reviewtask",
            index=models.Index(
                condition=models.Q(("job_id__isnull", False)), fields=["job_id"], name="review_task_by_job"
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewtask",
            constraint=models.UniqueConstraint(fields=("tenant", "id"), name="review_task_of_tenant"),
        ),
        migrations.AddConstraint(
            model_name="reviewtask",
            constraint=models.UniqueConstraint(
                fields=("tenant", "id", "requester_id"), name="review_task_of_requester"
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewtask",
            constraint=models.CheckConstraint(
                condition=models.Q(("status__in", ["pending", "released", "rejected", "inconclusive", "expired"])),
                name="review_task_status_known",
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewtask",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("closed_at", None), ("status", "pending")),
                    models.Q(models.Q(("status", "pending"), _negated=True), ("closed_at__isnull", False)),
                    _connector="OR",
                ),
                name="review_task_closed_when_judged",
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewprobe",
            constraint=models.UniqueConstraint(fields=("tenant", "task", "number"), name="probe_number_once_per_task"),
        ),
        migrations.AddConstraint(
            model_name="reviewprobe",
            constraint=models.UniqueConstraint(fields=("tenant", "task", "id"), name="probe_of_task"),
        ),
        migrations.AddIndex(
            model_name="reviewcandidate",
            index=models.Index(fields=["tenant", "reference_digest"], name="candidate_by_reference"),
        ),
        migrations.AddIndex(
            model_name="reviewcandidate",
            index=models.Index(fields=["tenant", "task"], name="candidate_by_task"),
        ),
        migrations.AddConstraint(
            model_name="reviewcandidate",
            constraint=models.UniqueConstraint(
                fields=("tenant", "probe", "rank"), name="candidate_rank_once_per_probe"
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewcandidate",
            constraint=models.CheckConstraint(
                condition=models.Q(("state__in", ["pending", "released", "withheld"])), name="candidate_state_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewverdict",
            constraint=models.CheckConstraint(condition=models.Q(("slot__in", [1, 2])), name="verdict_slot"),
        ),
        migrations.AddConstraint(
            model_name="reviewverdict",
            constraint=models.UniqueConstraint(fields=("tenant", "task", "slot"), name="two_verdicts_per_task"),
        ),
        migrations.AddConstraint(
            model_name="reviewverdict",
            constraint=models.UniqueConstraint(fields=("tenant", "task", "reviewer"), name="two_people_per_task"),
        ),
        migrations.AddConstraint(
            model_name="reviewverdict",
            constraint=models.CheckConstraint(
                condition=models.Q(("reviewer", models.F("requester_id")), _negated=True),
                name="verdict_not_by_requester",
            ),
        ),
        migrations.AddConstraint(
            model_name="reviewverdict",
            constraint=models.CheckConstraint(
                condition=models.Q(("reasons__regex", "\\S.*\\S")), name="verdict_says_why"
            ),
        ),
        migrations.AddConstraint(
            model_name="trainingattestation",
            constraint=models.CheckConstraint(
                condition=models.Q(("user", models.F("attested_by_id")), _negated=True),
                name="training_attested_by_another",
            ),
        ),
        migrations.AddConstraint(
            model_name="trainingattestation",
            constraint=models.CheckConstraint(
                condition=models.Q(("expires_at__gt", models.F("attested_at"))), name="training_ends"
            ),
        ),
    ]
