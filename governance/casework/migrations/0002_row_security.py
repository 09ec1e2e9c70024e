"""References within a tenant, row-level security, and what the database itself keeps of the review by two.

What is never changed cannot be: rights to update are given by column.
"""

from django.db import migrations

from common.row_security import officer_may, tenant_table

_MEMBER = "tenants_membership (tenant_id, user_id) ON DELETE CASCADE"
# Of a table: its columns, and where they must be found.
_REFERENCES = (
    ("caseofficer", "case", "tenant_id, case_id", "casework_case (tenant_id, id)"),
    ("caseofficer", "member", "tenant_id, user_id", _MEMBER),
    ("trainingattestation", "member", "tenant_id, user_id", _MEMBER),
    ("authorisation", "case", "tenant_id, case_id", "casework_case (tenant_id, id)"),
    ("reviewtask", "case", "tenant_id, case_id", "casework_case (tenant_id, id)"),
    ("reviewtask", "urgent", "tenant_id, case_id, urgent_id", "casework_authorisation (tenant_id, case_id, id)"),
    ("reviewprobe", "task", "tenant_id, task_id", "casework_reviewtask (tenant_id, id) ON DELETE CASCADE"),
    (
        "reviewcandidate",
        "probe",
        "tenant_id, task_id, probe_id",
        "casework_reviewprobe (tenant_id, task_id, id) ON DELETE CASCADE",
    ),
    (
        "reviewverdict",
        "task",
        "tenant_id, task_id, requester_id",
        "casework_reviewtask (tenant_id, id, requester_id) ON DELETE CASCADE",
    ),
)

_GRANTS = {
    "case": "SELECT, INSERT, UPDATE (closed_at)",
    "caseofficer": "SELECT, INSERT, DELETE",
    "authorisation": "SELECT, INSERT, UPDATE (ratified_at, ratified_by_id, purged_at, revoked_at)",
    "trainingattestation": "SELECT, INSERT, UPDATE (revoked_at)",
    "reviewtask": "SELECT, INSERT, DELETE, UPDATE (status, closed_at)",
    "reviewprobe": "SELECT, INSERT, DELETE, UPDATE (sealed_crop)",
    "reviewcandidate": "SELECT, INSERT, DELETE, UPDATE (state, sealed_crop)",
    "reviewverdict": "SELECT, INSERT, DELETE",
}
# The maintenance task finds what is due of all tenants; it acts inside the scope of each.
_LOOKED_OVER = ("authorisation", "reviewtask")

# As in recognition's migration 0007: what is stored rests on an allowed decision of its own tenant.
_DECIDED = """
CREATE FUNCTION casework_require_allowed_decision() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    IF NOT EXISTS (
        SELECT FROM public.audit_entry
        WHERE id = NEW.decision_entry_id AND tenant_id = NEW.tenant_id AND kind = 'decision'
          AND convert_from(body, 'UTF8')::jsonb #>> '{decision,effect}' = 'allow'
    ) THEN
        RAISE EXCEPTION '% % rests on no decision of its tenant that allowed it', TG_TABLE_NAME, NEW.id
            USING ERRCODE = 'foreign_key_violation', TABLE = TG_TABLE_NAME;
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER review_task_rests_on_an_allowed_decision AFTER INSERT ON casework_reviewtask
    FOR EACH ROW EXECUTE FUNCTION casework_require_allowed_decision();
CREATE CONSTRAINT TRIGGER verdict_rests_on_an_allowed_decision AFTER INSERT ON casework_reviewverdict
    FOR EACH ROW EXECUTE FUNCTION casework_require_allowed_decision();
"""

_RELEASED_BY_TWO = """
CREATE FUNCTION casework_require_two_releases() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    IF (SELECT count(DISTINCT v.reviewer_id) FROM public.casework_reviewverdict v
        WHERE v.tenant_id = NEW.tenant_id AND v.task_id = NEW.task_id
          AND v.judgements ->> NEW.id::text = 'release') < 2 THEN
        RAISE EXCEPTION 'candidate % was not released by two reviewers', NEW.id USING ERRCODE = 'check_violation';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER candidate_released_by_two AFTER INSERT OR UPDATE OF state ON casework_reviewcandidate
    FOR EACH ROW WHEN (NEW.state = 'released') EXECUTE FUNCTION casework_require_two_releases();
"""


def _reference(table: str, name: str, columns: str, target: str) -> migrations.RunSQL:
    constraint = f"{table}_{name}_of_tenant"
    return migrations.RunSQL(
        f"ALTER TABLE casework_{table} ADD CONSTRAINT {constraint} FOREIGN KEY ({columns}) REFERENCES {target}",
        f"ALTER TABLE casework_{table} DROP CONSTRAINT {constraint}",
    )


class Migration(migrations.Migration):
    dependencies = [
        ("casework", "0001_initial"),
        ("audit", "0001_audit_entry"),
        ("governance", "0003_row_security"),
        ("tenants", "0006_people_row_security"),
    ]
    operations = [
        *(_reference(*reference) for reference in _REFERENCES),
        *(tenant_table(f"casework_{table}", grants=grants) for table, grants in _GRANTS.items()),
        *(officer_may(f"casework_{table}", grants="SELECT") for table in _LOOKED_OVER),
        migrations.RunSQL(_DECIDED, "DROP FUNCTION casework_require_allowed_decision() CASCADE"),
        migrations.RunSQL(_RELEASED_BY_TWO, "DROP FUNCTION casework_require_two_releases() CASCADE"),
    ]
