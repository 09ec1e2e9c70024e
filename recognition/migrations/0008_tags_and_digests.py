"""Tags of collections, and finding an image again by its digest."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("recognition", "0007_rests_on_an_allowed_decision")]
    operations = [
        migrations.AddField("collection", "tags", models.JSONField(blank=True, default=dict)),
        # Rights to update are given by column (migration 0003).
        migrations.RunSQL("GRANT UPDATE (tags) ON recognition_collection TO custos_app;", migrations.RunSQL.noop),
        migrations.AddIndex("image", models.Index(fields=["collection", "digest"], name="image_by_digest")),
    ]
