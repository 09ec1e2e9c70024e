"""A tenant sees and changes its own people's consents alone; they go with their collection."""

from django.db import migrations

from common.row_security import tenant_table


class Migration(migrations.Migration):
    dependencies = [("accountability", "0003_consent"), ("audit", "0001_audit_entry")]
    operations = [
        migrations.RunSQL(
            "ALTER TABLE accountability_consentrecord ADD CONSTRAINT consent_rests_on_a_decision"
            " FOREIGN KEY (decision_entry_id) REFERENCES audit_entry (id)",
            "ALTER TABLE accountability_consentrecord DROP CONSTRAINT consent_rests_on_a_decision",
        ),
        tenant_table("accountability_consentrecord"),
    ]
