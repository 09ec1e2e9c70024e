"""Row-level security and rights on the tables of traffic, and the purge of answers that have expired.

The purge serves all tenants, so it cannot run in the scope of one. As with the look-ups that precede a tenant, the
table's owner, whom FORCE binds too, may touch expired rows for this function alone, and it tells nothing but a number.
"""

from django.db import migrations

from common.row_security import officer_may, tenant_table

_RECORD = "SELECT, INSERT, DELETE, UPDATE"
_COUNTER = "SELECT, INSERT, UPDATE (requests, refused, throttled, failed, images)"

_PURGE = """
CREATE POLICY purge ON traffic_idempotencyrecord TO custos_owner USING (expires_at <= clock_timestamp());
CREATE FUNCTION custos_purge_idempotency() RETURNS bigint
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    WITH gone AS (DELETE FROM public.traffic_idempotencyrecord WHERE expires_at <= clock_timestamp() RETURNING 1)
    SELECT count(*) FROM gone
$$;
REVOKE ALL ON FUNCTION custos_purge_idempotency() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION custos_purge_idempotency() TO custos_app;
"""


class Migration(migrations.Migration):
    dependencies = [("traffic", "0001_initial"), ("tenants", "0002_row_security")]
    operations = [
        tenant_table("traffic_idempotencyrecord", grants=_RECORD),
        tenant_table("traffic_usagecounter", grants=_COUNTER),
        tenant_table("traffic_allowance", grants="SELECT"),
        officer_may("traffic_allowance", grants="SELECT, INSERT, UPDATE"),
        migrations.RunSQL(
            _PURGE,
            "DROP FUNCTION custos_purge_idempotency(); DROP POLICY purge ON traffic_idempotencyrecord",
        ),
    ]
