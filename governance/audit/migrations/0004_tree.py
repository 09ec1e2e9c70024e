"""The tree over the entries, its checkpoints and cosignatures, public keys, and the queue of the sequencer.

No foreign key leads from a leaf to its entry: its check would lock and so rewrite every entry's row. Entries cannot be
deleted, and the verifier reports a leaf without one.
"""

from django.db import migrations

_TABLES = r"""
CREATE TABLE audit_pending (ins_id bigint PRIMARY KEY);
CREATE TABLE audit_leaf (
    idx       bigint PRIMARY KEY CHECK (idx >= 0),
    ins_id    bigint NOT NULL UNIQUE,
    leaf_hash bytea NOT NULL CHECK (octet_length(leaf_hash) = 32)
);
CREATE TABLE audit_tile (
    level  smallint NOT NULL CHECK (level BETWEEN 0 AND 7),
    idx    bigint NOT NULL CHECK (idx >= 0),
    hashes bytea NOT NULL CHECK (octet_length(hashes) = 8192),
    root   bytea NOT NULL CHECK (octet_length(root) = 32),
    PRIMARY KEY (level, idx)
);
CREATE TABLE audit_checkpoint (
    size bigint PRIMARY KEY CHECK (size > 0),
    root bytea NOT NULL CHECK (octet_length(root) = 32),
    edge bytea NOT NULL CHECK (octet_length(edge) % 32 = 0),
    ts   timestamptz NOT NULL,
    note text NOT NULL
);
CREATE TABLE audit_cosignature (
    size    bigint NOT NULL REFERENCES audit_checkpoint (size),
    witness text NOT NULL,
    ts      timestamptz NOT NULL,
    line    text NOT NULL,
    PRIMARY KEY (size, witness)
);
CREATE TABLE audit_signing_key (
    entry_id uuid PRIMARY KEY REFERENCES audit_entry (id),
    use      text NOT NULL CHECK (use IN ('checkpoint', 'receipt', 'witness')),
    vkey     text NOT NULL UNIQUE
);
"""

# The writer of an entry needs no right on the queue, so nobody can take an entry out of it but the sequencer.
_QUEUE = """
CREATE FUNCTION audit_enqueue() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
BEGIN
    INSERT INTO public.audit_pending (ins_id) VALUES (NEW.ins_id);
    RETURN NULL;
END $$;
REVOKE ALL ON FUNCTION audit_enqueue() FROM PUBLIC;
CREATE TRIGGER audit_entry_enqueue AFTER INSERT ON audit_entry FOR EACH ROW EXECUTE FUNCTION audit_enqueue();
ALTER TABLE audit_entry ENABLE ALWAYS TRIGGER audit_entry_enqueue;
"""

# What was written before there was a sequencer. The owner is bound by row-level security unless it says otherwise.
_BACKLOG = """
ALTER TABLE audit_entry NO FORCE ROW LEVEL SECURITY;
INSERT INTO audit_pending (ins_id) SELECT ins_id FROM audit_entry;
ALTER TABLE audit_entry FORCE ROW LEVEL SECURITY;
"""

_APPEND_ONLY = "".join(
    f"""
CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table}
    FOR EACH ROW EXECUTE FUNCTION audit_refuse_change();
CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table}
    FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change();
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_change;
ALTER TABLE {table} ENABLE ALWAYS TRIGGER {table}_no_truncate;
"""
    for table in ("audit_leaf", "audit_tile", "audit_checkpoint", "audit_cosignature", "audit_signing_key")
)

_RIGHTS = """
REVOKE ALL ON audit_pending, audit_leaf, audit_tile, audit_checkpoint, audit_cosignature, audit_signing_key FROM PUBLIC;
GRANT SELECT ON audit_pending, audit_leaf, audit_tile, audit_checkpoint, audit_cosignature, audit_signing_key
    TO custos_app, custos_officer, custos_sequencer, custos_audit, custos_backup;
GRANT DELETE ON audit_pending TO custos_sequencer;
GRANT INSERT ON audit_leaf, audit_tile, audit_checkpoint, audit_cosignature TO custos_sequencer;
GRANT INSERT ON audit_signing_key TO custos_officer;
"""

_DROP = """
DROP TABLE audit_cosignature, audit_checkpoint, audit_tile, audit_leaf, audit_signing_key;
DROP FUNCTION audit_enqueue() CASCADE;
DROP TABLE audit_pending;
"""


class Migration(migrations.Migration):
    dependencies = [("audit", "0003_decision")]
    operations = [migrations.RunSQL(_TABLES + _QUEUE + _BACKLOG + _APPEND_ONLY + _RIGHTS, _DROP)]
