"""Row-level security, who may read what is sealed, and which state may follow which."""

from django.db import migrations

from common.row_security import grant, officer_may, tenant_table

_REFERENCES = """
ALTER TABLE vetting_evidence ADD CONSTRAINT evidence_application_of_tenant
    FOREIGN KEY (tenant_id, application_id) REFERENCES vetting_vettingapplication (tenant_id, id);
ALTER TABLE vetting_evidencecontent ADD CONSTRAINT content_evidence_of_tenant
    FOREIGN KEY (tenant_id, evidence_id) REFERENCES vetting_evidence (tenant_id, id) ON DELETE CASCADE;
ALTER TABLE vetting_applicationuserpermission ADD CONSTRAINT permission_of_application
    FOREIGN KEY (content_object_id) REFERENCES vetting_vettingapplication (id) ON DELETE CASCADE;
CREATE UNIQUE INDEX evidence_content_once ON vetting_evidencecontent (tenant_id, evidence_id);
"""

# The applicant's side edits and submits; deciding is the officers' alone, whatever the application's role would write.
_STATES = """
CREATE FUNCTION vetting_guard_state() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        IF NEW.state <> 'draft' OR NEW.approval_id IS NOT NULL THEN
            RAISE EXCEPTION 'an application begins as a draft' USING ERRCODE = 'check_violation';
        END IF;
        RETURN NEW;
    END IF;
    IF (NEW.id, NEW.tenant_id) IS DISTINCT FROM (OLD.id, OLD.tenant_id) THEN
        RAISE EXCEPTION 'an application stays whose it is' USING ERRCODE = 'check_violation';
    END IF;
    IF OLD.state NOT IN ('draft', 'more_information') AND
       (NEW.legal_name, NEW.registration, NEW.address, NEW.contact, NEW.jurisdictions, NEW.purposes, NEW.operations,
        NEW.end_users, NEW.attestations, NEW.rationale, NEW.case_officers)
       IS DISTINCT FROM
       (OLD.legal_name, OLD.registration, OLD.address, OLD.contact, OLD.jurisdictions, OLD.purposes, OLD.operations,
        OLD.end_users, OLD.attestations, OLD.rationale, OLD.case_officers) THEN
        RAISE EXCEPTION 'what was submitted does not change' USING ERRCODE = 'check_violation';
    END IF;
    IF NEW.state <> OLD.state AND (OLD.state, NEW.state) NOT IN (
        ('draft', 'submitted'), ('more_information', 'submitted'), ('refused', 'appealed'),
        ('submitted', 'in_review'), ('appealed', 'in_review'),
        ('in_review', 'more_information'), ('in_review', 'approved'), ('in_review', 'refused'),
        ('approved', 'expiring'), ('approved', 'expired'), ('expiring', 'expired'),
        ('approved', 'superseded'), ('expiring', 'superseded')) THEN
        RAISE EXCEPTION 'an application does not go from % to %', OLD.state, NEW.state USING ERRCODE = 'check_violation';
    END IF;
    IF current_user = 'custos_app' AND NEW.state <> OLD.state AND NEW.state NOT IN ('submitted', 'appealed') THEN
        RAISE EXCEPTION 'officers decide' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NEW;
END $$;
CREATE TRIGGER application_state_guard BEFORE INSERT OR UPDATE ON vetting_vettingapplication
    FOR EACH ROW EXECUTE FUNCTION vetting_guard_state();
ALTER TABLE vetting_vettingapplication ENABLE ALWAYS TRIGGER application_state_guard;
CREATE FUNCTION vetting_guard_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    touched vetting_evidence := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
BEGIN
    -- The erasure of a whole tenant runs as the owner (`custos_erase_rows`).
    IF TG_OP = 'DELETE' AND current_user = 'custos_owner' THEN
        RETURN OLD;
    END IF;
    IF NOT EXISTS (SELECT FROM vetting_vettingapplication a
                   WHERE a.tenant_id = touched.tenant_id AND a.id = touched.application_id
                     AND a.state IN ('draft', 'more_information')) THEN
        RAISE EXCEPTION 'evidence stays as it was submitted' USING ERRCODE = 'check_violation';
    END IF;
    RETURN touched;
END $$;
CREATE TRIGGER evidence_stays BEFORE INSERT OR UPDATE OR DELETE ON vetting_evidence
    FOR EACH ROW EXECUTE FUNCTION vetting_guard_evidence();
ALTER TABLE vetting_evidence ENABLE ALWAYS TRIGGER evidence_stays;
"""

_COLUMNS = (
    "state, legal_name, registration, address, contact, jurisdictions, purposes, operations, end_users, attestations, rationale,"
    " case_officers, submitted_at, appeal"
)


class Migration(migrations.Migration):
    dependencies = [("vetting", "0001_initial"), ("governance", "0006_change_request_guards")]
    operations = [
        migrations.RunSQL(_REFERENCES, migrations.RunSQL.noop),
        migrations.RunSQL(_STATES, "DROP FUNCTION vetting_guard_state, vetting_guard_evidence CASCADE"),
        tenant_table("vetting_vettingapplication", grants=f"SELECT, INSERT, UPDATE ({_COLUMNS})"),
        officer_may(
            "vetting_vettingapplication", grants="SELECT, UPDATE (state, message, decided_at, approval_id, reminded)"
        ),
        tenant_table("vetting_evidence", grants="SELECT, INSERT, DELETE"),
        officer_may("vetting_evidence", grants="SELECT"),
        tenant_table("vetting_evidencecontent", grants="INSERT, SELECT (id, tenant_id, evidence_id)"),
        officer_may("vetting_evidencecontent", grants="SELECT"),
        grant("vetting_applicationuserpermission", grants="SELECT, INSERT, DELETE", role="custos_officer"),
        grant("auth_permission", grants="SELECT", role="custos_officer"),
        grant("django_content_type", grants="SELECT", role="custos_officer"),
    ]
