"""The table of templates: partitioned by LIST on the collection's partition number (SEARCH 2.1).

Partitions 0 to 15 are shared by small collections; a large one is moved to a dedicated partition, 16 and up, made by
`custos_create_template_partition`. There is no DEFAULT partition: with one, attaching another would have to scan and
lock it.

`halfvec` without a length, so that engines of 128 and of 512 dimensions share the table: the distance functions read
the length from the value and check it anyway, so a declared length buys no speed. What it would guarantee, the foreign
key does: number of dimensions, engine version and partition of every template are those of its collection. A template
that a search would not find, or must not compare, cannot be stored. STORAGE PLAIN keeps a 512-dimensional template
(1 kB) in the row, out of TOAST.

There is no foreign key to the face: its cascade would not know the partition and visit all of them.
"""

from django.db import migrations

from common.row_security import tenant_table, tenant_table_sql
from recognition.models import SHARED_PARTITIONS

_GRANTS = "SELECT, INSERT, UPDATE (partition_no), DELETE"

_TABLE = """
CREATE EXTENSION IF NOT EXISTS vector;
CREATE TABLE recognition_template (
    partition_no   integer NOT NULL,
    dimensions     integer GENERATED ALWAYS AS (vector_dims(template)) STORED,
    tenant_id      uuid NOT NULL,
    collection_id  uuid NOT NULL,
    face_id        uuid NOT NULL,
    engine_version varchar(200) NOT NULL,
    template       halfvec NOT NULL,
    CONSTRAINT template_has_unit_length CHECK (abs(l2_norm(template) - 1) < 0.01),
    CONSTRAINT recognition_template_pk PRIMARY KEY (partition_no, tenant_id, collection_id, face_id),
    CONSTRAINT template_agrees_with_collection
        FOREIGN KEY (partition_no, tenant_id, collection_id, engine_version, dimensions)
        REFERENCES recognition_collection (partition_no, tenant_id, id, engine_version, dimensions)
        DEFERRABLE INITIALLY IMMEDIATE
) PARTITION BY LIST (partition_no);
ALTER TABLE recognition_template ALTER COLUMN template SET STORAGE PLAIN;
"""

# ATTACH takes SHARE UPDATE EXCLUSIVE on the table, so searches go on; CREATE TABLE … PARTITION OF would take ACCESS
# EXCLUSIVE. The foreign key takes SHARE ROW EXCLUSIVE on the collections: lock_timeout bounds how long enrolments may
# queue behind it, and the caller tries again. The rights are those of the migration's partitions.
_CREATE_PARTITION = f"""
CREATE SEQUENCE recognition_template_partition_no START {SHARED_PARTITIONS};
CREATE FUNCTION custos_create_template_partition(most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp SET lock_timeout = '250ms' AS $function$
DECLARE
    number integer;
    partition text;
BEGIN
    IF (SELECT count(*) FROM recognition_templatepartition) >= least(most, 1000) THEN
        RETURN NULL;
    END IF;
    number := nextval('recognition_template_partition_no');
    partition := format('recognition_template_%s', number);
    EXECUTE format('CREATE TABLE %I (LIKE recognition_template INCLUDING ALL)', partition);
    EXECUTE format($ddl${tenant_table_sql("%1$I", grants=_GRANTS)}$ddl$, partition);
    EXECUTE format('ALTER TABLE recognition_template ATTACH PARTITION %I FOR VALUES IN (%s)', partition, number);
    INSERT INTO recognition_templatepartition (partition_no, is_free) VALUES (number, true);
    RETURN number;
END $function$;
REVOKE ALL ON FUNCTION custos_create_template_partition(integer) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION custos_create_template_partition(integer) TO custos_app;
"""


def _shared_partition(number: int) -> list[migrations.RunSQL]:
    name = f"recognition_template_{number}"
    return [
        migrations.RunSQL(
            f"CREATE TABLE {name} PARTITION OF recognition_template FOR VALUES IN ({number})", migrations.RunSQL.noop
        ),
        tenant_table(name, grants=_GRANTS),
    ]


class Migration(migrations.Migration):
    dependencies = [("recognition", "0003_row_security")]
    operations = [
        migrations.RunSQL(_TABLE, "DROP TABLE recognition_template"),
        tenant_table("recognition_template", grants=_GRANTS),
        *(operation for number in range(SHARED_PARTITIONS) for operation in _shared_partition(number)),
        migrations.RunSQL(
            _CREATE_PARTITION,
            "DROP FUNCTION custos_create_template_partition(integer); DROP SEQUENCE recognition_template_partition_no",
        ),
    ]
