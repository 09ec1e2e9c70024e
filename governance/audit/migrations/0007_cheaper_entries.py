"""Entries and decisions cost less: a body is read as JSON once, not four times, and no plan rests on the queue's size.

Most of what an entry cost the server was the reading of its body: 0.1 ms each time for a decision of 2 kB.
"""

from django.db import migrations

# Containment looks at all three members after one reading. It is stricter than the comparison of three values was: the
# members must be there, and an id must be written as PostgreSQL writes it, which canonical bodies do.
_REPEATS = """
ALTER TABLE audit_entry DROP CONSTRAINT audit_columns_repeat_the_body;
ALTER TABLE audit_entry ADD CONSTRAINT audit_columns_repeat_the_body CHECK (
    convert_from(body, 'UTF8')::jsonb @> jsonb_build_object('id', id, 'tenant', tenant_id, 'kind', kind)
);
"""
_REPEATS_BEFORE = """
ALTER TABLE audit_entry DROP CONSTRAINT audit_columns_repeat_the_body;
ALTER TABLE audit_entry ADD CONSTRAINT audit_columns_repeat_the_body CHECK (
    (convert_from(body, 'UTF8')::jsonb ->> 'id')::uuid = id
    AND (convert_from(body, 'UTF8')::jsonb ->> 'tenant')::uuid IS NOT DISTINCT FROM tenant_id
    AND convert_from(body, 'UTF8')::jsonb ->> 'kind' = kind
);
"""

# A canonical body that holds a denial holds these bytes, and few others do: the rest is not read as JSON. The answer
# is the same for every stored body, so the index over it stays as it is.
_REFUSALS = """
CREATE OR REPLACE FUNCTION audit_is_refusal(body bytea) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT position('"effect":"deny"'::bytea IN body) > 0
        AND convert_from(body, 'UTF8')::jsonb #>> '{decision,effect}' = 'deny'
$$;
"""
_REFUSALS_BEFORE = """
CREATE OR REPLACE FUNCTION audit_is_refusal(body bytea) RETURNS boolean LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT convert_from(body, 'UTF8')::jsonb #>> '{decision,effect}' = 'deny'
$$;
"""

# AUD-002 asks this in every decision. The queue is now empty, now long, so a plan that is kept must not rest on its
# size: only the index finds the oldest at once, whatever is in front of it.
_STALE = """
CREATE FUNCTION audit_stale_parts(
    moment timestamptz, sequencer_lag double precision, witness_lag double precision, witness_required boolean
) RETURNS text[] LANGUAGE sql STABLE SET enable_seqscan = off AS $$
    SELECT array_remove(ARRAY[
        CASE WHEN (SELECT queued_at FROM public.audit_pending ORDER BY ins_id LIMIT 1)
            < moment - make_interval(secs => sequencer_lag) THEN 'sequencer' END,
        CASE WHEN NOT EXISTS (SELECT FROM public.audit_signing_key WHERE use = 'witness')
            THEN CASE WHEN witness_required THEN 'witness' END
            WHEN (SELECT ts FROM public.audit_checkpoint
                WHERE size > coalesce((SELECT max(size) FROM public.audit_cosignature), 0) ORDER BY size LIMIT 1)
            < moment - make_interval(secs => witness_lag) THEN 'witness' END
    ], NULL)
$$;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0006_sealed")]
    operations = [
        migrations.RunSQL(_REPEATS, _REPEATS_BEFORE),
        migrations.RunSQL(_REFUSALS, _REFUSALS_BEFORE),
        migrations.RunSQL(_STALE, "DROP FUNCTION audit_stale_parts"),
    ]
