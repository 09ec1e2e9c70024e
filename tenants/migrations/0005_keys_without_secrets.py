"""A key keeps no secret of its own any more. Not reversible: the secrets are in another table, two of them at times."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("tenants", "0004_secrets_of_keys")]
    operations = [
        migrations.RunSQL("DROP FUNCTION custos_find_api_key(text)"),
        migrations.RemoveField(model_name="apikey", name="public_id"),
        migrations.RemoveField(model_name="apikey", name="secret_digest"),
    ]
