from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("governance", "0006_change_request_guards")]
    operations = [
        migrations.AddField(
            model_name="approval",
            name="attestations",
            field=ArrayField(models.CharField(max_length=40), blank=True, default=list, size=None),
        ),
        migrations.AddField(
            model_name="approval", name="gallery_cap", field=models.PositiveIntegerField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="approval", name="daily_searches", field=models.PositiveIntegerField(blank=True, null=True)
        ),
        migrations.AddField(
            model_name="policyversion",
            name="signature",
            field=models.CharField(blank=True, default="", max_length=128),
        ),
    ]
