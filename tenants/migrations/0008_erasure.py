"""Deletion of a whole tenant: when it is due, and the one way to delete rows that the application may not delete."""

from django.db import migrations, models

from common.row_security import ERASING, erasure_policy_sql

# Every table of tenants that was made before `common.row_security.tenant_table` gave it this policy.
_POLICIES = f"""
DO $do$
DECLARE
    name text;
BEGIN
    FOR name IN
        SELECT c.relname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
        WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r' AND NOT c.relispartition
          AND c.relname !~ '^audit_'
          AND NOT EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid AND p.polname = 'erasure')
    LOOP
        EXECUTE format($ddl${erasure_policy_sql("%1$I")}$ddl$, name);
    END LOOP;
END $do$;
"""

# The application cannot delete keys, approvals, jobs or counters, and should not. What it may do is name a tenant whose
# deletion is due, and a table of tenants; the log is none of them. Rows go in batches, so that a long erasure is many
# short transactions. Suspensions and their like go after the approvals alone: who has taken over the application must
# not set a stopped tenant free by letting half of its deletion happen.
_ERASE = f"""
CREATE FUNCTION custos_due_tenants(most integer) RETURNS SETOF uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT id FROM public.tenants_tenant
    WHERE deletion_due_at <= clock_timestamp() AND (erased_at IS NULL OR erased_at > clock_timestamp() - interval '1 hour')
    ORDER BY random() LIMIT most
$$;
CREATE FUNCTION custos_begin_erasing(target regclass, wanted uuid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM public.tenants_tenant WHERE id = wanted AND deletion_due_at <= clock_timestamp()) THEN
        RAISE EXCEPTION 'the deletion of this tenant is not due' USING ERRCODE = 'insufficient_privilege';
    END IF;
    IF NOT EXISTS (
        SELECT FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant_id'
        WHERE c.oid = target AND c.relnamespace = 'public'::regnamespace AND c.relname !~ '^audit_'
    ) THEN
        RAISE EXCEPTION '% is no table of tenants', target USING ERRCODE = 'insufficient_privilege';
    END IF;
    PERFORM set_config('{ERASING}', wanted::text, true);
END $$;
CREATE FUNCTION custos_require_powerless(target regclass, wanted uuid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    IF (SELECT relname FROM pg_class WHERE oid = target) ~ '^governance_' AND target <> 'public.governance_approval'::regclass
        AND EXISTS (SELECT FROM public.governance_approval WHERE tenant_id = wanted)
    THEN
        RAISE EXCEPTION 'what governs a tenant stays as long as its approvals' USING ERRCODE = 'insufficient_privilege';
    END IF;
END $$;
CREATE FUNCTION custos_count_rows(target regclass, wanted uuid) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    found bigint;
BEGIN
    PERFORM public.custos_begin_erasing(target, wanted);
    EXECUTE format('SELECT count(*) FROM %s WHERE tenant_id = $1', target) INTO found USING wanted;
    PERFORM set_config('{ERASING}', '', true);
    RETURN found;
END $$;
CREATE FUNCTION custos_erase_rows(target regclass, wanted uuid, most integer) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
DECLARE
    removed bigint;
BEGIN
    PERFORM public.custos_begin_erasing(target, wanted);
    PERFORM public.custos_require_powerless(target, wanted);
    EXECUTE format(
        'DELETE FROM %s WHERE ctid = ANY (ARRAY(SELECT ctid FROM %s WHERE tenant_id = $1 LIMIT $2))', target, target
    ) USING wanted, most;
    GET DIAGNOSTICS removed = ROW_COUNT;
    PERFORM set_config('{ERASING}', '', true);
    RETURN removed;
END $$;
CREATE FUNCTION custos_forget_tenant(wanted uuid) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, public AS $$
BEGIN
    PERFORM set_config('{ERASING}', wanted::text, true);
    UPDATE public.tenants_tenant SET slug = 'erased-' || wanted, name = '', default_purpose = NULL,
        default_on_behalf_of = NULL, default_jurisdiction = NULL, erased_at = clock_timestamp()
    WHERE id = wanted AND deletion_due_at <= clock_timestamp() AND erased_at IS NULL;
    PERFORM set_config('{ERASING}', '', true);
END $$;
CREATE POLICY erasure ON tenants_tenant TO custos_owner
    USING (id = NULLIF(current_setting('{ERASING}', true), '')::uuid);
REVOKE ALL ON FUNCTION custos_due_tenants(integer), custos_begin_erasing(regclass, uuid),
    custos_require_powerless(regclass, uuid), custos_count_rows(regclass, uuid),
    custos_erase_rows(regclass, uuid, integer), custos_forget_tenant(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION custos_due_tenants(integer), custos_count_rows(regclass, uuid),
    custos_erase_rows(regclass, uuid, integer), custos_forget_tenant(uuid) TO custos_app;
GRANT UPDATE (deletion_requested_at, deletion_due_at, erased_counts) ON tenants_tenant TO custos_app;
"""
_BACK = """
DROP FUNCTION custos_due_tenants(integer), custos_begin_erasing(regclass, uuid), custos_require_powerless(regclass, uuid),
    custos_count_rows(regclass, uuid), custos_erase_rows(regclass, uuid, integer), custos_forget_tenant(uuid);
DROP POLICY erasure ON tenants_tenant;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0007_columns_of_people"),
    ]

    operations = [
        *(
            migrations.AddField(model_name="tenant", name=name, field=field)
            for name, field in (
                ("deletion_requested_at", models.DateTimeField(blank=True, null=True)),
                ("deletion_due_at", models.DateTimeField(blank=True, null=True)),
                ("erased_counts", models.JSONField(blank=True, null=True)),
                ("erased_at", models.DateTimeField(blank=True, null=True)),
            )
        ),
        migrations.RunSQL(_POLICIES, migrations.RunSQL.noop),
        migrations.RunSQL(_ERASE, _BACK),
    ]
