"""An image of a job may name the person whose largest face it is."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recognition", "0020_template_indexes")]
    operations = [
        migrations.AddField(
            "jobitem", "person_name", models.CharField(blank=True, default="", max_length=128), preserve_default=False
        ),
        # Rights to update are given by column (migration 0003).
        migrations.RunSQL("GRANT UPDATE (person_name) ON recognition_jobitem TO custos_app", migrations.RunSQL.noop),
    ]
