"""A moratorium is lifted once and only ever extended; who is shut out, and let in again, is staff of the platform."""

from django.db import migrations

_ONLY_LONGER = """
CREATE FUNCTION governance_guard_moratorium() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (to_jsonb(NEW) - ARRAY['effective_until', 'lifted_at', 'lifter_1_id', 'lifter_2_id'])
       IS DISTINCT FROM (to_jsonb(OLD) - ARRAY['effective_until', 'lifted_at', 'lifter_1_id', 'lifter_2_id']) THEN
        RAISE EXCEPTION 'what a moratorium stops never changes' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.lifted_at IS NOT NULL THEN
        RAISE EXCEPTION 'a moratorium that was lifted stays lifted' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.effective_until IS DISTINCT FROM OLD.effective_until
       AND coalesce(NEW.effective_until, 'infinity') <= coalesce(OLD.effective_until, 'infinity') THEN
        RAISE EXCEPTION 'a moratorium is extended, never shortened' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER moratorium_only_longer BEFORE UPDATE ON governance_moratorium
    FOR EACH ROW EXECUTE FUNCTION governance_guard_moratorium();
ALTER TABLE governance_moratorium ENABLE ALWAYS TRIGGER moratorium_only_longer;
"""

_STAFF = "GRANT UPDATE (is_active, password) ON tenants_user TO custos_officer"
_STAFF_BACK = "REVOKE UPDATE (is_active, password) ON tenants_user FROM custos_officer"


class Migration(migrations.Migration):
    dependencies = [("governance", "0008_policy_replay"), ("tenants", "0007_columns_of_people")]
    operations = [
        migrations.RunSQL(_ONLY_LONGER, "DROP FUNCTION governance_guard_moratorium CASCADE"),
        migrations.RunSQL(_STAFF, _STAFF_BACK),
    ]
