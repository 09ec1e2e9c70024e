"""Tenants open, confirm and close; only officers write what a review found, and a task what time has done."""

from django.db import migrations

from common.row_security import officer_may, tenant_table

_TABLE = "casework_breakglassgrant"
_CONSTRAINT = "breakglassgrant_case_of_tenant"
_OFFICERS = "finding, review_reason, reviewer_id, reviewer_2_id, reviewed_at, closed_at, lapsed_at, suspended_at"
# Its own reviewer a tenant could name in a new row, which no right by column forbids.
_UNREVIEWED = f"""
CREATE POLICY opened_unreviewed ON {_TABLE} AS RESTRICTIVE FOR INSERT TO custos_app
    WITH CHECK (reviewed_at IS NULL AND confirmed_at IS NULL)
"""


class Migration(migrations.Migration):
    dependencies = [("casework", "0005_break_glass")]
    operations = [
        migrations.RunSQL(
            f"ALTER TABLE {_TABLE} ADD CONSTRAINT {_CONSTRAINT}"
            " FOREIGN KEY (tenant_id, case_id) REFERENCES casework_case (tenant_id, id)",
            f"ALTER TABLE {_TABLE} DROP CONSTRAINT {_CONSTRAINT}",
        ),
        tenant_table(_TABLE, grants="SELECT, INSERT, UPDATE (confirmed_at, confirmed_by_id, closed_at)"),
        officer_may(_TABLE, grants=f"SELECT, UPDATE ({_OFFICERS})"),
        migrations.RunSQL(_UNREVIEWED, migrations.RunSQL.noop),
    ]
