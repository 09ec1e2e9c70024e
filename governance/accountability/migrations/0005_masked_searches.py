"""Says of a counted search whether what it found is masked. Of those before, nobody knows: they count as masked."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("accountability", "0004_consent_row_security")]
    operations = [
        migrations.AddField(
            model_name="searchrecord",
            name="is_masked",
            field=models.BooleanField(db_default=True, editable=False),
        ),
    ]
