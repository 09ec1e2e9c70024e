"""Foreign keys between tenant tables, always together with tenant_id, and from stored operations to the audit log."""

from django.db import migrations

# Of a table: its columns, and the table and columns they must be found in. A face's image lies in the face's
# collection, and its job item in the face's job.
_REFERENCES = (
    ("image", "collection", "tenant_id, collection_id", "collection", "tenant_id, id"),
    ("job", "collection", "tenant_id, collection_id", "collection", "tenant_id, id"),
    ("jobitem", "job", "tenant_id, job_id", "job", "tenant_id, id"),
    ("jobitem", "image", "tenant_id, image_id", "image", "tenant_id, id"),
    ("face", "image", "tenant_id, collection_id, image_id", "image", "tenant_id, collection_id, id"),
    ("face", "job_item", "tenant_id, job_id, job_item_id", "jobitem", "tenant_id, job_id, id"),
)
_DECIDED = ("collection", "image", "job", "face")


def _reference(table: str, name: str, columns: str, target: str, target_columns: str) -> migrations.RunSQL:
    constraint = f"{table}_{name}_of_tenant"
    return migrations.RunSQL(
        f"ALTER TABLE recognition_{table} ADD CONSTRAINT {constraint} FOREIGN KEY ({columns})"
        f" REFERENCES recognition_{target} ({target_columns})",
        f"ALTER TABLE recognition_{table} DROP CONSTRAINT {constraint}",
    )


def _decided(table: str) -> migrations.RunSQL:
    constraint = f"{table}_rests_on_a_decision"
    return migrations.RunSQL(
        f"ALTER TABLE recognition_{table} ADD CONSTRAINT {constraint} FOREIGN KEY (decision_entry_id)"
        " REFERENCES audit_entry (id)",
        f"ALTER TABLE recognition_{table} DROP CONSTRAINT {constraint}",
    )


class Migration(migrations.Migration):
    dependencies = [("recognition", "0001_initial"), ("audit", "0001_audit_entry")]
    operations = [
        *(_reference(*reference) for reference in _REFERENCES),
        *(_decided(table) for table in _DECIDED),
    ]
