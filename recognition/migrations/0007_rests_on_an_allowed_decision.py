"""What is stored rests on a decision of its own tenant that allowed it: the foreign key alone would take any entry.

The trigger reads the log as whoever inserts, so that row-level security holds another tenant's entries from it, too.
"""

from django.db import migrations

_TABLES = ("collection", "image", "job", "face")

_FUNCTION = """
CREATE FUNCTION recognition_require_allowed_decision() RETURNS trigger
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
"""


def _trigger(table: str) -> migrations.RunSQL:
    name = f"{table}_rests_on_an_allowed_decision"
    return migrations.RunSQL(
        f"CREATE CONSTRAINT TRIGGER {name} AFTER INSERT ON recognition_{table}"
        " FOR EACH ROW EXECUTE FUNCTION recognition_require_allowed_decision()",
        f"DROP TRIGGER {name} ON recognition_{table}",
    )


class Migration(migrations.Migration):
    dependencies = [("recognition", "0006_ticket_checked_at")]
    operations = [
        migrations.RunSQL(_FUNCTION, "DROP FUNCTION recognition_require_allowed_decision()"),
        *(_trigger(table) for table in _TABLES),
    ]
