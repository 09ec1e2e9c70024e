"""A tenant has one approval in force: the one given last. Earlier ones that were never ended end here."""

from django.conf import settings
from django.db import migrations, models

# The table's owner is held to row security like everybody else, so it is lifted for this one statement.
_END_EARLIER_ONES = """
ALTER TABLE governance_approval NO FORCE ROW LEVEL SECURITY;
UPDATE governance_approval a SET revoked_at = clock_timestamp()
WHERE a.revoked_at IS NULL AND EXISTS (
    SELECT FROM governance_approval later
    WHERE later.tenant_id = a.tenant_id AND later.revoked_at IS NULL
      AND (later.created_at, later.id) > (a.created_at, a.id));
ALTER TABLE governance_approval FORCE ROW LEVEL SECURITY;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0003_row_security"),
        ("tenants", "0006_people_row_security"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.RunSQL(_END_EARLIER_ONES, migrations.RunSQL.noop),
        migrations.AddConstraint(
            model_name="approval",
            constraint=models.UniqueConstraint(
                name="approval_one_in_force",
                fields=["tenant"],
                condition=models.Q(revoked_at__isnull=True),
            ),
        ),
    ]
