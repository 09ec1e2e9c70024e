"""Tenants see their own rows alone; officers review, and put terms on watch-lists. Nothing is changed or deleted."""

from django.db import migrations

from common.row_security import officer_may, tenant_table

_APPEND = "SELECT, INSERT"


def _decided(table: str) -> migrations.RunSQL:
    return migrations.RunSQL(
        f"ALTER TABLE accountability_{table} ADD CONSTRAINT {table}_rests_on_a_decision"
        " FOREIGN KEY (decision_entry_id) REFERENCES audit_entry (id)",
        f"ALTER TABLE accountability_{table} DROP CONSTRAINT {table}_rests_on_a_decision",
    )


class Migration(migrations.Migration):
    dependencies = [("accountability", "0001_initial"), ("audit", "0001_audit_entry"), ("tenants", "0002_row_security")]
    operations = [
        _decided("searchrecord"),
        _decided("disclosurereport"),
        tenant_table("accountability_searchrecord", grants=_APPEND),
        officer_may("accountability_searchrecord", grants="SELECT"),
        tenant_table("accountability_subjectreview", grants="SELECT"),
        officer_may("accountability_subjectreview", grants=_APPEND),
        tenant_table("accountability_watchlistterms", grants="SELECT"),
        officer_may("accountability_watchlistterms", grants=_APPEND),
        tenant_table("accountability_disclosurereport", grants=_APPEND),
        officer_may("accountability_disclosurereport", grants="SELECT"),
    ]
