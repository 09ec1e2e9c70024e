"""A tenant's managers may change what its members' requests are for."""

from django.db import migrations

_COLUMNS = "default_purpose, default_on_behalf_of, default_jurisdiction"


class Migration(migrations.Migration):
    dependencies = [("tenants", "0008_erasure")]
    operations = [
        migrations.RunSQL(
            f"GRANT UPDATE ({_COLUMNS}) ON tenants_tenant TO custos_app",
            f"REVOKE UPDATE ({_COLUMNS}) ON tenants_tenant FROM custos_app",
        )
    ]
