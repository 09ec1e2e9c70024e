"""Row-level security and rights of the new tables, the look-ups that precede a tenant, and what nobody can become."""

from django.db import migrations

from common.row_security import tenant_table

_SECRETS = """
ALTER TABLE tenants_apikeysecret ADD CONSTRAINT apikeysecret_key_of_tenant
    FOREIGN KEY (tenant_id, key_id) REFERENCES tenants_apikey (tenant_id, id);
"""

# Before a tenant is known: one key by the public id of one of its secrets, and one person's own memberships. The owner
# may read these tables for these functions and nothing else; neither gives away a list of tenants or of people.
_LOOK_UPS = """
CREATE POLICY lookup ON tenants_apikeysecret FOR SELECT TO custos_owner USING (true);
CREATE POLICY lookup ON tenants_membership FOR SELECT TO custos_owner USING (true);
CREATE POLICY lookup ON tenants_tenant FOR SELECT TO custos_owner USING (true);

CREATE FUNCTION custos_find_api_key(wanted text)
RETURNS TABLE (id uuid, tenant_id uuid, secret_digest bytea, signing_secret bytea, is_live boolean,
               default_purpose text, default_on_behalf_of text, default_jurisdiction text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT k.id, k.tenant_id, s.secret_digest, s.signing_secret,
           s.revoked_at IS NULL AND (s.expires_at IS NULL OR s.expires_at > clock_timestamp())
               AND k.revoked_at IS NULL AND (k.expires_at IS NULL OR k.expires_at > clock_timestamp()),
           k.default_purpose, k.default_on_behalf_of, k.default_jurisdiction
    FROM public.tenants_apikeysecret s
    JOIN public.tenants_apikey k ON k.tenant_id = s.tenant_id AND k.id = s.key_id
    WHERE s.public_id = wanted
$$;
REVOKE ALL ON FUNCTION custos_find_api_key(text) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION custos_find_api_key(text) TO custos_app;

CREATE FUNCTION custos_find_memberships(wanted uuid)
RETURNS TABLE (id uuid, tenant_id uuid, slug text, name text, role text,
               default_purpose text, default_on_behalf_of text, default_jurisdiction text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT m.id, m.tenant_id, t.slug, t.name, m.role,
           t.default_purpose, t.default_on_behalf_of, t.default_jurisdiction
    FROM public.tenants_membership m
    JOIN public.tenants_tenant t ON t.id = m.tenant_id
    JOIN public.tenants_user u ON u.id = m.user_id
    WHERE m.user_id = wanted AND u.is_active
    ORDER BY m.created_at, m.id
$$;
REVOKE ALL ON FUNCTION custos_find_memberships(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION custos_find_memberships(uuid) TO custos_app;
"""

# A person is a tenant's member or staff, never both, and does not change sides.
_NEVER_BOTH = """
CREATE FUNCTION tenants_refuse_staff_as_member() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (SELECT FROM tenants_user u WHERE u.id = NEW.user_id AND u.staff_role <> '') THEN
        RAISE EXCEPTION 'staff of the platform cannot be members of a tenant' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER membership_not_for_staff AFTER INSERT OR UPDATE OF user_id ON tenants_membership
    FOR EACH ROW EXECUTE FUNCTION tenants_refuse_staff_as_member();
CREATE FUNCTION tenants_staff_role_stays() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a staff role is given with the account and does not change' USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER user_staff_role_stays BEFORE UPDATE ON tenants_user
    FOR EACH ROW WHEN (OLD.staff_role <> NEW.staff_role) EXECUTE FUNCTION tenants_staff_role_stays();
"""

# Accounts belong to people, not to tenants. Addresses are added by invitations and by their owners.
_ACCOUNTS = """
GRANT SELECT, INSERT, UPDATE, DELETE ON account_emailaddress, account_emailconfirmation, mfa_authenticator TO custos_app;
"""

# What `createcachetable` would make (django.core.cache.backends.db), with the rights of the application.
_CACHE = """
CREATE TABLE django_cache (
    cache_key varchar(255) PRIMARY KEY,
    value     text NOT NULL,
    expires   timestamptz NOT NULL
);
CREATE INDEX django_cache_expires ON django_cache (expires);
REVOKE ALL ON django_cache FROM PUBLIC;
GRANT SELECT, INSERT, UPDATE, DELETE ON django_cache TO custos_app;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("tenants", "0005_keys_without_secrets"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]
    operations = [
        migrations.RunSQL(_SECRETS, migrations.RunSQL.noop),
        tenant_table("tenants_apikeysecret", grants="SELECT, INSERT, UPDATE"),
        tenant_table("tenants_invitation", grants="SELECT, INSERT, UPDATE"),
        migrations.RunSQL(_LOOK_UPS, "DROP FUNCTION custos_find_api_key(text), custos_find_memberships(uuid)"),
        migrations.RunSQL(
            _NEVER_BOTH, "DROP FUNCTION tenants_refuse_staff_as_member, tenants_staff_role_stays CASCADE"
        ),
        migrations.RunSQL(_ACCOUNTS, migrations.RunSQL.noop),
        migrations.RunSQL(_CACHE, "DROP TABLE django_cache"),
    ]
