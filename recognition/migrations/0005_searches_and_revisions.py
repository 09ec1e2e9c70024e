"""Searches as jobs, a collection's own threshold, and revisions that ETags stand for."""

from django.db import migrations, models

# Rights to update are given by column (migration 0003).
_GRANTS = """
GRANT UPDATE (threshold, revision) ON recognition_collection TO custos_app;
GRANT UPDATE (search) ON recognition_jobitem TO custos_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("recognition", "0004_templates"),
        ("tenants", "0002_row_security"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="job",
            name="job_kind_known",
        ),
        migrations.RemoveConstraint(
            model_name="jobitem",
            name="item_has_output_when_done",
        ),
        migrations.AddField(
            model_name="collection",
            name="revision",
            field=models.PositiveBigIntegerField(default=1),
        ),
        migrations.AddField(
            model_name="collection",
            name="threshold",
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="candidate_limit",
            field=models.PositiveIntegerField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="job",
            name="threshold",
            field=models.FloatField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name="jobitem",
            name="search",
            field=models.JSONField(blank=True, null=True),
        ),
        migrations.AlterField(
            model_name="job",
            name="kind",
            field=models.CharField(
                choices=[("enrol_faces", "enrol faces"), ("search_faces", "search faces")], max_length=30
            ),
        ),
        migrations.AddConstraint(
            model_name="collection",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("threshold", None), models.Q(("threshold__gte", 0), ("threshold__lte", 100)), _connector="OR"
                ),
                name="collection_threshold_per_cent",
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", ["enrol_faces", "search_faces"])), name="job_kind_known"
            ),
        ),
        migrations.AddConstraint(
            model_name="job",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("candidate_limit__gte", 1), ("kind", "search_faces")),
                    models.Q(
                        models.Q(("kind", "search_faces"), _negated=True),
                        ("candidate_limit", None),
                        ("threshold", None),
                    ),
                    _connector="OR",
                ),
                name="job_search_has_a_limit",
            ),
        ),
        migrations.AddConstraint(
            model_name="jobitem",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("status", "done"),
                    models.Q(("image", None), ("n_faces", 0), ("search__isnull", True)),
                    _connector="OR",
                ),
                name="item_has_output_when_done",
            ),
        ),
        migrations.RunSQL(_GRANTS, migrations.RunSQL.noop),
    ]
