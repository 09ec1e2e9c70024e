"""The application writes those columns of a person that it has to, and gives nobody a staff role afterwards.

A staff role is given with the account (INSERT) and stays: the trigger refuses a change to anybody, this refuses the
attempt. `is_superuser` is refused by a constraint, too.
"""

from django.db import migrations

_COLUMNS = """
REVOKE UPDATE ON tenants_user FROM custos_app;
GRANT UPDATE (password, last_login, username, email, is_active) ON tenants_user TO custos_app;
"""
_BACK = "GRANT UPDATE ON tenants_user TO custos_app"


class Migration(migrations.Migration):
    dependencies = [("tenants", "0006_people_row_security")]
    operations = [migrations.RunSQL(_COLUMNS, _BACK)]
