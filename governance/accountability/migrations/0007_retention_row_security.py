"""Schedules are the platform's; holds and certificates are seen by the tenant they concern. Nothing of it is deleted."""

from django.db import migrations

from common.row_security import grant, officer_may, tenant_table

# The purge asks, before a tenant is known, what is held (recognition, migration 0023).
_OWNER = """
CREATE POLICY purge ON accountability_legalhold FOR SELECT TO custos_owner USING (true);
ALTER TABLE accountability_purgecertificate ADD CONSTRAINT purgecertificate_rests_on_a_decision
    FOREIGN KEY (decision_entry_id) REFERENCES audit_entry (id);
ALTER TABLE accountability_purgecertificate ADD CONSTRAINT purgecertificate_rests_on_an_event
    FOREIGN KEY (event_entry_id) REFERENCES audit_entry (id);
"""


class Migration(migrations.Migration):
    dependencies = [("accountability", "0006_retention"), ("audit", "0001_audit_entry")]
    operations = [
        grant("accountability_retentionschedule", grants="SELECT"),
        grant("accountability_retentionschedule", grants="SELECT, INSERT, UPDATE (ended_at)", role="custos_officer"),
        tenant_table("accountability_legalhold", grants="SELECT, UPDATE (settled_at)"),
        officer_may("accountability_legalhold", grants="SELECT, INSERT, UPDATE (lifted_at)"),
        tenant_table("accountability_purgecertificate", grants="SELECT, INSERT"),
        officer_may("accountability_purgecertificate", grants="SELECT"),
        migrations.RunSQL(_OWNER, migrations.RunSQL.noop),
    ]
