"""Retention: where the time of something is over, and whose it is, before a tenant is known."""

from django.db import migrations, models

# A UUIDv7 begins with its time in milliseconds (RFC 9562). This is the least one of an instant.
_IDS = """
CREATE FUNCTION custos_first_id(instant timestamptz) RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN (lpad(to_hex(greatest(0, floor(extract(epoch FROM instant) * 1000))::bigint), 12, '0') || repeat('0', 20))::uuid;
CREATE FUNCTION custos_oldest_kept_id(days integer) RETURNS uuid LANGUAGE sql STABLE PARALLEL SAFE
RETURN CASE
    WHEN days IS NULL THEN '00000000-0000-0000-0000-000000000000'
    ELSE custos_first_id(statement_timestamp() - make_interval(days => days + 1))
END;
GRANT EXECUTE ON FUNCTION custos_first_id(timestamptz), custos_oldest_kept_id(integer) TO custos_app;
"""

# The purge serves all tenants. As with other look-ups, the owner may read these rows for these functions, which give
# away ids of what is past its time and nothing else. In a random order, so that what fails does not hold up the rest.
_EXPIRED = """
CREATE POLICY purge ON recognition_collection FOR SELECT TO custos_owner USING (retention_days IS NOT NULL);
CREATE POLICY purge ON recognition_face FOR SELECT TO custos_owner USING (true);
CREATE FUNCTION custos_expired_collections(most integer) RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT c.tenant_id, c.id FROM public.recognition_collection c
    WHERE c.retention_days IS NOT NULL AND EXISTS (
        SELECT FROM public.recognition_face f
        WHERE f.tenant_id = c.tenant_id AND f.collection_id = c.id
          AND f.created_at <= statement_timestamp() - make_interval(days => c.retention_days)
    )
    ORDER BY random() LIMIT most
$$;
CREATE FUNCTION custos_expired_jobs(days integer, most integer) RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT j.tenant_id, j.id FROM public.recognition_job j
    LEFT JOIN public.recognition_collection c ON c.tenant_id = j.tenant_id AND c.id = j.collection_id
    WHERE j.results_purged_at IS NULL AND j.finished_at IS NOT NULL
      AND j.created_at <= statement_timestamp() - make_interval(days => least(days, c.retention_days))
    ORDER BY random() LIMIT most
$$;
REVOKE ALL ON FUNCTION custos_expired_collections(integer), custos_expired_jobs(integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION custos_expired_collections(integer), custos_expired_jobs(integer, integer) TO custos_app;
GRANT UPDATE (results_purged_at) ON recognition_job TO custos_app;
"""
_BACK = """
DROP FUNCTION custos_expired_collections(integer), custos_expired_jobs(integer, integer);
DROP POLICY purge ON recognition_collection;
DROP POLICY purge ON recognition_face;
"""


class Migration(migrations.Migration):
    dependencies = [("recognition", "0012_kept_images_security")]
    operations = [
        migrations.AddField(
            model_name="job",
            name="results_purged_at",
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddIndex(
            model_name="job",
            index=models.Index(
                condition=models.Q(("results_purged_at", None)), fields=["created_at"], name="job_with_results"
            ),
        ),
        migrations.AddIndex(
            model_name="face",
            index=models.Index(fields=["tenant", "collection", "created_at"], name="face_by_age"),
        ),
        migrations.RunSQL(_IDS, "DROP FUNCTION custos_oldest_kept_id(integer), custos_first_id(timestamptz)"),
        migrations.RunSQL(_EXPIRED, _BACK),
    ]
