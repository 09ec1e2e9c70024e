"""Kept pictures: references, row-level security, the look-up of files that nobody may need, and uses of the past."""

from django.db import migrations

from common.row_security import tenant_table

_REFERENCES = """
ALTER TABLE recognition_image ADD CONSTRAINT image_file_of_tenant FOREIGN KEY (tenant_id, file_id)
    REFERENCES recognition_storedfile (tenant_id, id);
ALTER TABLE recognition_collectionuse ADD CONSTRAINT collectionuse_collection_of_tenant
    FOREIGN KEY (tenant_id, collection_id) REFERENCES recognition_collection (tenant_id, id);
"""

# Rights to update are given by column (migration 0003).
_GRANTS = """
GRANT UPDATE (store_images) ON recognition_collection TO custos_app;
GRANT UPDATE (file_id) ON recognition_image TO custos_app;
"""

# The sweep serves all tenants. The owner, whom FORCE binds too, may read the files in question for this function alone.
_UNUSED = """
CREATE POLICY sweep ON recognition_storedfile FOR SELECT TO custos_owner USING (unused_since IS NOT NULL);
CREATE FUNCTION custos_unused_files(seconds integer, most integer) RETURNS TABLE (tenant_id uuid, id uuid)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT f.tenant_id, f.id FROM public.recognition_storedfile f
    WHERE f.unused_since < clock_timestamp() - make_interval(secs => seconds)
    ORDER BY f.unused_since LIMIT most
$$;
REVOKE ALL ON FUNCTION custos_unused_files(integer, integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION custos_unused_files(integer, integer) TO custos_app;
"""

# What the images that exist were made for is in the decisions that they rest on. The owner is let past FORCE for this
# one statement, inside the migration's transaction, and only where there are images at all.
_USES = """
DO $$
BEGIN
    ALTER TABLE recognition_image NO FORCE ROW LEVEL SECURITY;
    IF EXISTS (SELECT FROM recognition_image) THEN
        ALTER TABLE audit_entry NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE recognition_collectionuse NO FORCE ROW LEVEL SECURITY;
        INSERT INTO recognition_collectionuse (id, tenant_id, collection_id, purpose, on_behalf_of, jurisdiction)
        SELECT gen_random_uuid(), used.* FROM (
            SELECT DISTINCT i.tenant_id, i.collection_id,
                   entry.content ->> 'purpose', entry.content ->> 'on_behalf_of', entry.content ->> 'jurisdiction'
            FROM (SELECT DISTINCT tenant_id, collection_id, decision_entry_id FROM recognition_image) i
            JOIN audit_entry a ON a.id = i.decision_entry_id
            CROSS JOIN LATERAL (SELECT convert_from(a.body, 'UTF8')::jsonb AS content) entry
        ) used;
        SET CONSTRAINTS ALL IMMEDIATE;
        ALTER TABLE recognition_collectionuse FORCE ROW LEVEL SECURITY;
        ALTER TABLE audit_entry FORCE ROW LEVEL SECURITY;
    END IF;
    ALTER TABLE recognition_image FORCE ROW LEVEL SECURITY;
END $$;
"""


class Migration(migrations.Migration):
    dependencies = [("recognition", "0011_kept_images"), ("audit", "0001_audit_entry")]
    operations = [
        migrations.RunSQL(_REFERENCES, migrations.RunSQL.noop),
        tenant_table("recognition_storedfile", grants="SELECT, INSERT, DELETE, UPDATE (unused_since)"),
        tenant_table("recognition_collectionuse", grants="SELECT, INSERT, DELETE"),
        migrations.RunSQL(_GRANTS, migrations.RunSQL.noop),
        migrations.RunSQL(
            _UNUSED,
            "DROP FUNCTION custos_unused_files(integer, integer); DROP POLICY sweep ON recognition_storedfile",
        ),
        migrations.RunSQL(_USES, migrations.RunSQL.noop),
    ]
