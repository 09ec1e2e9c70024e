"""When the sweep last asked the gate for a job, apart from the last sign of life that its sends are spaced by."""

import django.db.models.functions.datetime
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("recognition", "0005_searches_and_revisions"),
    ]

    operations = [
        migrations.AddField(
            model_name="dispatchticket",
            name="checked_at",
            field=models.DateTimeField(db_default=django.db.models.functions.datetime.Now()),
        ),
        migrations.AddIndex(
            model_name="dispatchticket",
            index=models.Index(fields=["checked_at"], name="ticket_by_check"),
        ),
    ]
