"""The log's one table, with what makes a wrong row impossible to store."""

from django.db import migrations, models

_TABLE = r"""
CREATE TABLE audit_entry (
    id          uuid PRIMARY KEY,
    ins_id      bigint GENERATED ALWAYS AS IDENTITY UNIQUE,
    tenant_id   uuid,
    ts          timestamptz NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('decision', 'outcome', 'event')),
    v           smallint NOT NULL CHECK (v = 1),
    body        bytea NOT NULL CHECK (octet_length(body) <= 65536),
    leaf_hash   bytea NOT NULL,
    decision_id uuid REFERENCES audit_entry (id),
    request_id  text NOT NULL CHECK (length(request_id) <= 64),
    CONSTRAINT audit_leaf_hash_is_rfc6962 CHECK (leaf_hash = sha256('\x00'::bytea || body)),
    CONSTRAINT audit_columns_repeat_the_body CHECK (
        (convert_from(body, 'UTF8')::jsonb ->> 'id')::uuid = id
        AND (convert_from(body, 'UTF8')::jsonb ->> 'tenant')::uuid IS NOT DISTINCT FROM tenant_id
        AND convert_from(body, 'UTF8')::jsonb ->> 'kind' = kind
    ),
    CONSTRAINT audit_outcome_names_its_decision CHECK ((kind = 'outcome') = (decision_id IS NOT NULL))
);
CREATE UNIQUE INDEX audit_one_outcome_per_decision ON audit_entry (decision_id) WHERE kind = 'outcome';
CREATE INDEX audit_entry_of_tenant ON audit_entry (tenant_id, id);
"""

_APPEND_ONLY = """
CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only: % refused', TG_OP USING ERRCODE = 'insufficient_privilege';
END $$;
CREATE TRIGGER audit_entry_no_change BEFORE UPDATE OR DELETE ON audit_entry
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_entry_no_truncate BEFORE TRUNCATE ON audit_entry
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_no_change;
ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_no_truncate;
"""

# Writing is one statement on an autocommit connection, so the insert policy does not ask for a tenant scope: an entry
# may be about no tenant at all. Reading is scoped like every tenant table.
_RIGHTS = """
ALTER TABLE audit_entry ENABLE ROW LEVEL SECURITY;
ALTER TABLE audit_entry FORCE ROW LEVEL SECURITY;
CREATE POLICY append ON audit_entry FOR INSERT TO custos_app, custos_officer WITH CHECK (true);
CREATE POLICY own_entries ON audit_entry FOR SELECT TO custos_app
    USING (tenant_id = current_setting('app.tenant')::uuid);
CREATE POLICY all_entries ON audit_entry FOR SELECT TO custos_officer, custos_audit, custos_sequencer USING (true);
REVOKE ALL ON audit_entry FROM PUBLIC;
GRANT SELECT, INSERT ON audit_entry TO custos_app, custos_officer;
GRANT SELECT ON audit_entry TO custos_audit, custos_sequencer, custos_backup;
"""


class Migration(migrations.Migration):
    initial = True
    dependencies: list[tuple[str, str]] = []
    operations = [
        migrations.RunSQL(_TABLE, "DROP TABLE audit_entry"),
        migrations.RunSQL(_APPEND_ONLY, "DROP FUNCTION audit_refuse_change CASCADE"),
        migrations.RunSQL(_RIGHTS, migrations.RunSQL.noop),
        migrations.CreateModel(
            name="AuditEntry",
            fields=[
                ("id", models.UUIDField(primary_key=True, serialize=False)),
                ("ins_id", models.BigIntegerField(unique=True)),
                ("tenant_id", models.UUIDField(null=True)),
                ("ts", models.DateTimeField()),
                (
                    "kind",
                    models.CharField(
                        choices=[("decision", "Decision"), ("outcome", "Outcome"), ("event", "Event")], max_length=10
                    ),
                ),
                ("v", models.SmallIntegerField()),
                ("body", models.BinaryField()),
                ("leaf_hash", models.BinaryField(max_length=32)),
                ("decision_id", models.UUIDField(null=True)),
                ("request_id", models.CharField(max_length=64)),
            ],
            options={
                "db_table": "audit_entry",
                "managed": False,
                "verbose_name": "audit entry",
                "verbose_name_plural": "audit entries",
                "ordering": ["-ins_id"],
            },
        ),
    ]
