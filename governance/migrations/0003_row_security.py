"""Rights on the governance tables: the application reads, officers write, nobody deletes; versions never change."""

from django.db import migrations

from common.row_security import grant, officer_may, tenant_table

_FIRST_EPOCH = "INSERT INTO governance_policyepoch (id, epoch) VALUES (1, 1);"

_EPOCH_GROWS = """
CREATE FUNCTION governance_epoch_grows() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id <> OLD.id OR NEW.epoch <> OLD.epoch + 1 THEN
        RAISE EXCEPTION 'the policy epoch grows by one';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER policy_epoch_grows BEFORE UPDATE ON governance_policyepoch
    FOR EACH ROW EXECUTE FUNCTION governance_epoch_grows();
"""

_VERSIONS_NEVER_CHANGE = """
CREATE FUNCTION governance_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% never changes: % refused', TG_TABLE_NAME, TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER policy_version_no_change BEFORE UPDATE OR DELETE ON governance_policyversion
    FOR EACH ROW EXECUTE FUNCTION governance_refuse_change();
CREATE TRIGGER policy_version_no_truncate BEFORE TRUNCATE ON governance_policyversion
    FOR EACH STATEMENT EXECUTE FUNCTION governance_refuse_change();
ALTER TABLE governance_policyversion ENABLE ALWAYS TRIGGER policy_version_no_change;
ALTER TABLE governance_policyversion ENABLE ALWAYS TRIGGER policy_version_no_truncate;
"""

# Facts hold times as whole microseconds since the Unix epoch; extract() is exact (numeric).
_MICROS = """
CREATE FUNCTION custos_micros(instant timestamptz) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN (extract(epoch FROM instant) * 1000000)::bigint;
GRANT EXECUTE ON FUNCTION custos_micros(timestamptz) TO custos_app, custos_officer;
"""

_READ_ONLY = "SELECT"
_OFFICER = "SELECT, INSERT, UPDATE"


class Migration(migrations.Migration):
    dependencies = [("governance", "0002_references"), ("tenants", "0002_row_security")]
    operations = [
        migrations.RunSQL(_FIRST_EPOCH, migrations.RunSQL.noop),
        migrations.RunSQL(_EPOCH_GROWS, "DROP FUNCTION governance_epoch_grows CASCADE"),
        migrations.RunSQL(_VERSIONS_NEVER_CHANGE, "DROP FUNCTION governance_refuse_change CASCADE"),
        migrations.RunSQL(_MICROS, "DROP FUNCTION custos_micros(timestamptz)"),
        grant("governance_policyepoch", grants=_READ_ONLY),
        grant("governance_policyepoch", grants="SELECT, UPDATE", role="custos_officer"),
        grant("governance_policyversion", grants=_READ_ONLY),
        grant("governance_policyversion", grants="SELECT, INSERT", role="custos_officer"),
        grant("governance_moratorium", grants=_READ_ONLY),
        grant("governance_moratorium", grants=_OFFICER, role="custos_officer"),
        tenant_table("governance_approval", grants=_READ_ONLY),
        officer_may("governance_approval", grants=_OFFICER),
        tenant_table("governance_suspension", grants=_READ_ONLY),
        officer_may("governance_suspension", grants=_OFFICER),
        tenant_table("governance_exemption", grants=_READ_ONLY),
        officer_may("governance_exemption", grants=_OFFICER),
    ]
