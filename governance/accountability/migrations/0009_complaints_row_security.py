"""A tenant sees the complaints that are its matter; staff all of them. Nothing of it is deleted."""

from django.db import migrations

from common.row_security import officer_may, tenant_table

_ACTS = "acknowledged_at, answered_at, outcome, answer"


class Migration(migrations.Migration):
    dependencies = [("accountability", "0008_complaints")]
    operations = [
        tenant_table("accountability_complaint", grants=f"SELECT, INSERT, UPDATE ({_ACTS})"),
        officer_may(
            "accountability_complaint", grants=f"SELECT, INSERT, UPDATE (tenant_id, overdue_recorded_at, {_ACTS})"
        ),
    ]
