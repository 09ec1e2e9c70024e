"""Published reports are for everybody to read, of no two that tell of the same day, and stay as they are."""

from django.db import migrations

from common.row_security import grant

_APART = """
ALTER TABLE accountability_publishedreport ADD CONSTRAINT published_periods_lie_apart
    EXCLUDE USING gist (tstzrange(since, until) WITH &&);
"""


class Migration(migrations.Migration):
    dependencies = [("accountability", "0010_published_reports")]
    operations = [
        grant("accountability_publishedreport", grants="SELECT"),
        grant("accountability_publishedreport", grants="SELECT, INSERT", role="custos_officer"),
        migrations.RunSQL(
            _APART, "ALTER TABLE accountability_publishedreport DROP CONSTRAINT published_periods_lie_apart"
        ),
    ]
