"""Jobs may ask for a low, medium or high bar of quality."""

from django.db import migrations, models

BARS = ["auto", "none", "low", "medium", "high"]


class Migration(migrations.Migration):
    dependencies = [("recognition", "0015_persons_row_security")]
    operations = [
        migrations.RemoveConstraint("job", "job_quality_filter_known"),
        migrations.AlterField(
            "job",
            "quality_filter",
            models.CharField(choices=[(bar, bar.capitalize()) for bar in BARS], max_length=10),
        ),
        migrations.AddConstraint(
            "job",
            models.CheckConstraint(condition=models.Q(quality_filter__in=BARS), name="job_quality_filter_known"),
        ),
    ]
