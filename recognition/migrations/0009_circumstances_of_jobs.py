from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recognition", "0008_tags_and_digests")]
    operations = [
        migrations.AddField(
            model_name="job",
            name="circumstances",
            field=ArrayField(models.CharField(max_length=40), blank=True, default=list, size=None),
        ),
    ]
