"""What the database itself asks of a change request: staff sign it, in time; proposed stays proposed, decided decided."""

from django.db import migrations

from common.row_security import grant

_GUARDS = """
CREATE FUNCTION governance_guard_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'pending' THEN
            RAISE EXCEPTION 'a change request begins as pending' USING ERRCODE = 'check_violation';
        END IF;
    ELSE
        IF OLD.state <> 'pending' THEN
            RAISE EXCEPTION 'a change request that was decided stays decided' USING ERRCODE = 'check_violation';
        END IF;
        IF (NEW.id, NEW.kind, NEW.payload, NEW.digest, NEW.subject_id, NEW.proposer_id, NEW.reason,
            NEW.proposer_interest, NEW.proposed_at, NEW.expires_at)
           IS DISTINCT FROM
           (OLD.id, OLD.kind, OLD.payload, OLD.digest, OLD.subject_id, OLD.proposer_id, OLD.reason,
            OLD.proposer_interest, OLD.proposed_at, OLD.expires_at) THEN
            RAISE EXCEPTION 'what was proposed never changes' USING ERRCODE = 'check_violation';
        END IF;
        IF NEW.state = 'executed' AND clock_timestamp() >= OLD.expires_at THEN
            RAISE EXCEPTION 'the change request has expired' USING ERRCODE = 'check_violation';
        END IF;
    END IF;
    IF EXISTS (SELECT FROM tenants_user u
               WHERE u.id IN (NEW.proposer_id, NEW.decider_id) AND (u.staff_role = '' OR NOT u.is_active)
                 AND (NEW.state = 'executed' OR u.id IS NOT DISTINCT FROM NEW.decider_id OR TG_OP = 'INSERT')) THEN
        RAISE EXCEPTION 'change requests are signed by active staff' USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER change_request_guard BEFORE INSERT OR UPDATE ON governance_changerequest
    FOR EACH ROW EXECUTE FUNCTION governance_guard_change();
ALTER TABLE governance_changerequest ENABLE ALWAYS TRIGGER change_request_guard;
"""

_NEVER_DELETED = """
CREATE TRIGGER change_request_no_delete BEFORE DELETE ON governance_changerequest
    FOR EACH ROW EXECUTE FUNCTION governance_refuse_change();
CREATE TRIGGER change_request_no_truncate BEFORE TRUNCATE ON governance_changerequest
    FOR EACH STATEMENT EXECUTE FUNCTION governance_refuse_change();
ALTER TABLE governance_changerequest ENABLE ALWAYS TRIGGER change_request_no_delete;
ALTER TABLE governance_changerequest ENABLE ALWAYS TRIGGER change_request_no_truncate;
"""

# Two people may make staff, and take a second factor away; the application alone gets no further right by that.
_STAFF = """
GRANT INSERT ON tenants_user TO custos_officer;
GRANT SELECT, INSERT ON account_emailaddress TO custos_officer;
GRANT USAGE ON SEQUENCE account_emailaddress_id_seq TO custos_officer;
GRANT SELECT, DELETE ON mfa_authenticator TO custos_officer;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("governance", "0005_change_request"),
        ("tenants", "0007_columns_of_people"),
        ("account", "0009_emailaddress_unique_primary_email"),
        ("mfa", "0003_authenticator_type_uniq"),
    ]
    operations = [
        migrations.RunSQL(_GUARDS, "DROP FUNCTION governance_guard_change CASCADE"),
        migrations.RunSQL(_NEVER_DELETED, migrations.RunSQL.noop),
        migrations.RunSQL(_STAFF, migrations.RunSQL.noop),
        grant("governance_changerequest", grants="SELECT, INSERT, UPDATE", role="custos_officer"),
    ]
