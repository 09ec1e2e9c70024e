"""Evidence sealed under a key of each subject; deleting the key is erasure."""

from django.db import migrations

from common.row_security import tenant_table_sql

_TABLES = """
CREATE TABLE subject_key (
    tenant_id  uuid NOT NULL,
    subject_id uuid NOT NULL,
    wrapped    bytea NOT NULL,
    PRIMARY KEY (tenant_id, subject_id)
);
CREATE TABLE audit_sealed (
    id         uuid NOT NULL,
    tenant_id  uuid NOT NULL,
    subject_id uuid NOT NULL,
    entry_id   uuid NOT NULL UNIQUE REFERENCES audit_entry (id),
    sealed     bytea NOT NULL CHECK (octet_length(sealed) BETWEEN 28 AND 33554432),
    PRIMARY KEY (tenant_id, id)
);
CREATE INDEX audit_sealed_of_subject ON audit_sealed (tenant_id, subject_id);
CREATE TRIGGER audit_sealed_no_change BEFORE UPDATE OR DELETE ON audit_sealed
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER audit_sealed_no_truncate BEFORE TRUNCATE ON audit_sealed
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
ALTER TABLE audit_sealed ENABLE ALWAYS TRIGGER audit_sealed_no_change;
ALTER TABLE audit_sealed ENABLE ALWAYS TRIGGER audit_sealed_no_truncate;
"""
_RIGHTS = (
    tenant_table_sql("subject_key", grants="SELECT, INSERT, DELETE")
    + tenant_table_sql("audit_sealed", grants="SELECT, INSERT")
    + """
CREATE POLICY verifiers ON audit_sealed FOR SELECT TO custos_audit USING (true);
GRANT SELECT ON audit_sealed TO custos_audit;
"""
)


class Migration(migrations.Migration):
    dependencies = [("audit", "0005_waiting_since")]
    operations = [migrations.RunSQL(_TABLES + _RIGHTS, "DROP TABLE audit_sealed; DROP TABLE subject_key")]
