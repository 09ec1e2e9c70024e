"""Evaluations as jobs: what each is about, and its report."""

import django.db.models.deletion
from django.db import migrations, models

import common.ids
from common.row_security import tenant_table

# The probes' collection may go, the report stays; both are of the same tenant. (ON DELETE SET NULL of one column needs
# PostgreSQL 15.)
_REFERENCES = """
ALTER TABLE recognition_evaluationrun ADD CONSTRAINT evaluationrun_job_of_tenant
    FOREIGN KEY (tenant_id, job_id) REFERENCES recognition_job (tenant_id, id) ON DELETE CASCADE;
ALTER TABLE recognition_evaluationrun ADD CONSTRAINT evaluationrun_probe_collection_of_tenant
    FOREIGN KEY (tenant_id, probe_collection_id) REFERENCES recognition_collection (tenant_id, id)
    ON DELETE SET NULL (probe_collection_id);
"""
_GRANTS = "SELECT, INSERT, DELETE, UPDATE (groups, report)"


class Migration(migrations.Migration):
    dependencies = [
        ("recognition", "0009_circumstances_of_jobs"),
        ("tenants", "0007_columns_of_people"),
    ]

    operations = [
        migrations.CreateModel(
            name="EvaluationRun",
            fields=[
                ("id", models.UUIDField(default=common.ids.new_id, editable=False, primary_key=True, serialize=False)),
                ("engine_version", models.CharField(max_length=100)),
                ("groups", models.JSONField(blank=True, default=dict)),
                ("report", models.JSONField(blank=True, default=dict)),
            ],
        ),
        migrations.RemoveConstraint(
            model_name="job",
            name="job_kind_known",
        ),
        migrations.AlterField(
            model_name="job",
            name="kind",
            field=models.CharField(
                choices=[("enrol_faces", "enrol faces"), ("search_faces", "search faces"), ("evaluate", "evaluate")],
                max_length=30,
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["enrol_faces", "search_faces", "evaluate"])), name="job_kind_known"
            ),
        ),
        migrations.AddField(
            model_name="evaluationrun",
            name="job",
            field=models.ForeignKey(
                db_constraint=False,
                db_index=False,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="recognition.job",
            ),
        ),
        migrations.AddField(
            model_name="evaluationrun",
            name="probe_collection",
            field=models.ForeignKey(
                blank=True,
                db_constraint=False,
                db_index=False,
                null=True,
                on_delete=django.db.models.deletion.DO_NOTHING,
                related_name="+",
                to="recognition.collection",
            ),
        ),
        migrations.AddField(
            model_name="evaluationrun",
            name="tenant",
            field=models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name="+", to="tenants.tenant"),
        ),
        migrations.AddConstraint(
            model_name="evaluationrun",
            constraint=models.UniqueConstraint(fields=("tenant", "job"), name="evaluation_once_per_job"),
        ),
        migrations.RunSQL(_REFERENCES, migrations.RunSQL.noop),
        tenant_table("recognition_evaluationrun", grants=_GRANTS),
    ]
