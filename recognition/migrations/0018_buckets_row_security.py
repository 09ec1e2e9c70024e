"""A bucket is registered and removed; it is never changed, so that its seal and its place belong together."""

from django.db import migrations

from common.row_security import tenant_table


class Migration(migrations.Migration):
    dependencies = [("recognition", "0017_buckets")]
    operations = [tenant_table("recognition_bucket", grants="SELECT, INSERT, DELETE")]
