"""Of what two people signed, or one imposed, only the end is written, and once: by no role, and in no session mode."""

from django.db import migrations

# The arguments are the columns of the end: each is written once, everything else stays as it was decided.
_ONLY_ENDS = """
CREATE FUNCTION governance_only_ends() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    ends CONSTANT text[] := TG_ARGV;
    before CONSTANT jsonb := to_jsonb(OLD);
    after CONSTANT jsonb := to_jsonb(NEW);
BEGIN
    IF after - ends IS DISTINCT FROM before - ends THEN
        RAISE EXCEPTION '%: what was decided never changes', TG_TABLE_NAME USING ERRCODE = 'check_violation';
    END IF;
    IF EXISTS (SELECT FROM unnest(ends) AS name
               WHERE before ->> name IS NOT NULL AND after ->> name IS DISTINCT FROM before ->> name) THEN
        RAISE EXCEPTION '%: what has ended stays ended', TG_TABLE_NAME USING ERRCODE = 'check_violation';
    END IF;
    RETURN NEW;
END $$;
"""
_ENDS = {
    "governance_approval": ("revoked_at",),
    "governance_exemption": ("revoked_at",),
    "governance_suspension": ("lifted_at", "lifter_1_id", "lifter_2_id"),
}


def _guard(table: str, ends: tuple[str, ...]) -> str:
    arguments = ", ".join(f"'{name}'" for name in ends)
    return f"""
        CREATE TRIGGER only_ends BEFORE UPDATE ON {table}
            FOR EACH ROW EXECUTE FUNCTION governance_only_ends({arguments});
        ALTER TABLE {table} ENABLE ALWAYS TRIGGER only_ends;
    """


class Migration(migrations.Migration):
    dependencies = [("governance", "0009_stopping_stays")]
    operations = [
        migrations.RunSQL(
            _ONLY_ENDS + "".join(_guard(table, ends) for table, ends in _ENDS.items()),
            "DROP FUNCTION governance_only_ends CASCADE",
        ),
    ]
