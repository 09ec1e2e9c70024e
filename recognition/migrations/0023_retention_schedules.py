"""RET-001 in the database: how long each collection keeps faces follows its own days, the schedules and the law.

`kept_days` is kept by triggers, so that no writer can forget it: of the collection itself, of what its contents were
made for, and of the schedules. Who enrols or searches compares one number.
"""

from django.db import migrations

# An unstated purpose or place may be any, so every schedule concerns it. 1095: `LONGEST_KEPT_DAYS`.
_KEPT = """
CREATE FUNCTION custos_kept_days(tenant uuid, collection uuid, own integer, met timestamptz) RETURNS integer
LANGUAGE sql STABLE SET search_path = pg_catalog, public AS $$
    SELECT CASE WHEN met IS NOT NULL THEN 0 ELSE least(own, 1095, (
        SELECT min(s.keep_days) FROM public.accountability_retentionschedule s
        WHERE s.ended_at IS NULL AND EXISTS (
            SELECT FROM public.recognition_collectionuse u
            WHERE u.tenant_id = tenant AND u.collection_id = collection
              AND (s.purpose = '' OR u.purpose IS NULL OR u.purpose = s.purpose)
              AND (s.jurisdiction = '' OR u.jurisdiction IS NULL OR u.jurisdiction = ANY (s.covers))
        )
    )) END
$$;
CREATE FUNCTION custos_keep_collection() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND OLD.purpose_met_at IS NOT NULL THEN
        NEW.purpose_met_at := OLD.purpose_met_at;  -- what has been met stays met
    END IF;
    NEW.kept_days := custos_kept_days(NEW.tenant_id, NEW.id, NEW.retention_days, NEW.purpose_met_at);
    RETURN NEW;
END $$;
CREATE TRIGGER collection_is_kept BEFORE INSERT OR UPDATE OF retention_days, purpose_met_at, kept_days
    ON recognition_collection FOR EACH ROW EXECUTE FUNCTION custos_keep_collection();
ALTER TABLE recognition_collection ENABLE ALWAYS TRIGGER collection_is_kept;
"""

# Both touch `kept_days`, and the trigger above computes it. As the owner: the app may not write the column, and the
# officers who set a schedule may not see collections.
_FOLLOW = """
DROP POLICY purge ON recognition_collection;
CREATE POLICY purge ON recognition_collection FOR SELECT TO custos_owner USING (true);
CREATE POLICY retention ON recognition_collection FOR UPDATE TO custos_owner USING (true) WITH CHECK (true);
CREATE POLICY retention ON recognition_collectionuse FOR SELECT TO custos_owner USING (true);
CREATE FUNCTION custos_follow_use() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    touched recognition_collectionuse := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    UPDATE recognition_collection c SET kept_days = 0
    WHERE c.tenant_id = touched.tenant_id AND c.id = touched.collection_id
      AND c.kept_days <> custos_kept_days(c.tenant_id, c.id, c.retention_days, c.purpose_met_at);
    RETURN NULL;
END $$;
CREATE TRIGGER collection_follows_use AFTER INSERT OR DELETE ON recognition_collectionuse
    FOR EACH ROW EXECUTE FUNCTION custos_follow_use();
ALTER TABLE recognition_collectionuse ENABLE ALWAYS TRIGGER collection_follows_use;
CREATE FUNCTION custos_follow_schedule() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    UPDATE recognition_collection c SET kept_days = 0
    WHERE c.kept_days <> custos_kept_days(c.tenant_id, c.id, c.retention_days, c.purpose_met_at);
    RETURN NULL;
END $$;
CREATE TRIGGER collections_follow_schedule AFTER INSERT OR UPDATE ON accountability_retentionschedule
    FOR EACH STATEMENT EXECUTE FUNCTION custos_follow_schedule();
ALTER TABLE accountability_retentionschedule ENABLE ALWAYS TRIGGER collections_follow_schedule;
UPDATE recognition_collection SET kept_days = 0 WHERE retention_days IS NOT NULL;
GRANT UPDATE (purpose_met_at) ON recognition_collection TO custos_app;
"""

# As in migration 0013, with what a legal hold keeps left out.
_EXPIRED = """
CREATE OR REPLACE FUNCTION custos_expired_collections(most integer) RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT c.tenant_id, c.id FROM public.recognition_collection c
    WHERE EXISTS (
        SELECT FROM public.recognition_face f
        WHERE f.tenant_id = c.tenant_id AND f.collection_id = c.id
          AND f.created_at <= statement_timestamp() - make_interval(days => c.kept_days)
    ) AND NOT EXISTS (
        SELECT FROM public.accountability_legalhold h
        WHERE h.tenant_id = c.tenant_id AND h.collection_id = c.id AND h.lifted_at IS NULL
    )
    ORDER BY random() LIMIT most
$$;
CREATE OR REPLACE FUNCTION custos_expired_jobs(days integer, most integer) RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT j.tenant_id, j.id FROM public.recognition_job j
    LEFT JOIN public.recognition_collection c ON c.tenant_id = j.tenant_id AND c.id = j.collection_id
    WHERE j.results_purged_at IS NULL AND j.finished_at IS NOT NULL
      AND j.created_at <= statement_timestamp() - make_interval(days => least(days, c.kept_days))
      AND NOT EXISTS (
        SELECT FROM public.accountability_legalhold h
        WHERE h.tenant_id = j.tenant_id AND h.collection_id = j.collection_id AND h.lifted_at IS NULL
    )
    ORDER BY random() LIMIT most
$$;
CREATE FUNCTION custos_lifted_holds(most integer) RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT DISTINCT h.tenant_id, h.collection_id FROM public.accountability_legalhold h
    JOIN public.recognition_collection c ON c.tenant_id = h.tenant_id AND c.id = h.collection_id
    WHERE h.lifted_at IS NOT NULL AND h.settled_at IS NULL AND NOT EXISTS (
        SELECT FROM public.accountability_legalhold other
        WHERE other.tenant_id = h.tenant_id AND other.collection_id = h.collection_id AND other.lifted_at IS NULL
    )
    LIMIT most
$$;
REVOKE ALL ON FUNCTION custos_lifted_holds(integer), custos_follow_use(), custos_follow_schedule() FROM PUBLIC;
GRANT EXECUTE ON FUNCTION custos_lifted_holds(integer) TO custos_app;
"""


class Migration(migrations.Migration):
    dependencies = [("recognition", "0022_kept_days"), ("accountability", "0007_retention_row_security")]
    operations = [migrations.RunSQL(statements, migrations.RunSQL.noop) for statements in (_KEPT, _FOLLOW, _EXPIRED)]
