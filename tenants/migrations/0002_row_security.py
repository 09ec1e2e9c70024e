"""Row-level security of the tenant tables, the rights of the roles, and the look-up that precedes a tenant."""

from django.db import migrations

from common.row_security import officer_may, tenant_table

_TENANT = """
ALTER TABLE tenants_tenant ENABLE ROW LEVEL SECURITY;
ALTER TABLE tenants_tenant FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant_scope ON tenants_tenant TO custos_app USING (id = current_setting('app.tenant')::uuid);
GRANT SELECT ON tenants_tenant TO custos_app;
"""

# Authentication happens before a tenant is known. The owner may read keys for this function and nothing else; the
# function gives away one key by its public id, never a list.
_FIND_API_KEY = """
CREATE POLICY lookup ON tenants_apikey FOR SELECT TO custos_owner USING (true);
CREATE FUNCTION custos_find_api_key(wanted text)
RETURNS TABLE (id uuid, tenant_id uuid, secret_digest bytea, is_live boolean,
               default_purpose text, default_on_behalf_of text, default_jurisdiction text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT k.id, k.tenant_id, k.secret_digest,
           k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp()),
           k.default_purpose, k.default_on_behalf_of, k.default_jurisdiction
    FROM public.tenants_apikey k WHERE k.public_id = wanted
$$;
REVOKE ALL ON FUNCTION custos_find_api_key(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION custos_find_api_key(text) TO custos_app;
"""

_PEOPLE = """
GRANT SELECT, INSERT, UPDATE ON tenants_user TO custos_app;
GRANT SELECT ON tenants_user TO custos_officer;
GRANT SELECT ON tenants_user_groups, tenants_user_user_permissions TO custos_app;
GRANT SELECT ON auth_group, auth_group_permissions, auth_permission, django_content_type TO custos_app;
GRANT SELECT, INSERT, UPDATE, DELETE ON django_session TO custos_app;
GRANT SELECT, INSERT ON django_admin_log TO custos_app;
GRANT USAGE ON SEQUENCE django_admin_log_id_seq TO custos_app;
GRANT SELECT ON django_migrations TO custos_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0001_initial"),
        ("audit", "0001_audit_entry"),
        ("admin", "0003_logentry_add_action_flag_choices"),
        ("sessions", "0001_initial"),
        ("contenttypes", "0002_remove_content_type_name"),
    ]
    operations = [
        migrations.RunSQL(_TENANT, migrations.RunSQL.noop),
        officer_may("tenants_tenant", grants="SELECT, INSERT, UPDATE"),
        tenant_table("tenants_membership"),
        officer_may("tenants_membership", grants="SELECT"),
        tenant_table("tenants_apikey", grants="SELECT, INSERT, UPDATE"),
        migrations.RunSQL(_FIND_API_KEY, "DROP FUNCTION custos_find_api_key(text)"),
        migrations.RunSQL(_PEOPLE, migrations.RunSQL.noop),
    ]
