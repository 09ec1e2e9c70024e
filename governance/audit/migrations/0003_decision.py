"""The decisions among the entries, under a name of their own: no table, only the proxy model."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("audit", "0002_refusals")]
    operations = [
        migrations.CreateModel(
            name="Decision",
            fields=[],
            options={
                "verbose_name": "decision",
                "verbose_name_plural": "decisions",
                "ordering": ["-ins_id"],
                "proxy": True,
                "indexes": [],
                "constraints": [],
            },
            bases=("audit.auditentry",),
        ),
    ]
