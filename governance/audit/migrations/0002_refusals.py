"""Find a tenant's refusals without reading all its decisions: the question people come with is "why was I refused?"."""

from django.db import migrations

# The log's own check constraints read the body in the same way, so this adds no new way to fail on insert.
_FUNCTION = """
CREATE FUNCTION audit_is_refusal(body bytea) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT convert_from(body, 'UTF8')::jsonb #>> '{decision,effect}' = 'deny'
$$;
"""
_INDEX = """
CREATE INDEX audit_refusals_of_tenant ON audit_entry (tenant_id, id)
    WHERE kind = 'decision' AND audit_is_refusal(body);
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0001_audit_entry")]
    operations = [
        migrations.RunSQL(_FUNCTION, "DROP FUNCTION audit_is_refusal"),
        migrations.RunSQL(_INDEX, "DROP INDEX audit_refusals_of_tenant"),
    ]
