"""Move the secrets of the keys into their own table, while it is not yet bound to tenants.

Signing secrets cannot be made up for keys whose bearer secret nobody knows: rotate such a key to give it one. Not
reversible by itself: 0005 drops the columns that this reads.
"""

from django.db import migrations

_MOVE = """
INSERT INTO tenants_apikeysecret (id, tenant_id, key_id, slot, public_id, secret_digest, created_at)
SELECT gen_random_uuid(), k.tenant_id, k.id, 1, k.public_id, k.secret_digest, k.created_at FROM tenants_apikey k
"""


class Migration(migrations.Migration):
    dependencies = [("tenants", "0003_people")]
    operations = [migrations.RunSQL(_MOVE)]
