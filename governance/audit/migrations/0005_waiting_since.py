"""Since when an entry waits for the sequencer: AUD-002 asks, in every decision, how long the oldest one has."""

from django.db import migrations

# The queue lives from many deletes: without frequent vacuum its first page would be searched through dead rows.
_SINCE = """
ALTER TABLE audit_pending ADD COLUMN queued_at timestamptz NOT NULL DEFAULT clock_timestamp();
ALTER TABLE audit_pending SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000);
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0004_tree")]
    operations = [migrations.RunSQL(_SINCE, "ALTER TABLE audit_pending DROP COLUMN queued_at")]
