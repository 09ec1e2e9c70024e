"""A legal hold keeps a collection or a case; while a case is held, no key of its evidence is destroyed."""

from django.db import migrations, models
from django.db.models import Q

# Wherever the erasure comes from (the organisation, the maintenance, the operator's command): one place refuses it.
_EVIDENCE_STAYS = """
CREATE FUNCTION accountability_keep_held_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT FROM public.accountability_legalhold h
        LEFT JOIN public.casework_authorisation a ON a.tenant_id = h.tenant_id AND a.case_id = h.case_id
        WHERE h.tenant_id = OLD.tenant_id AND h.lifted_at IS NULL AND OLD.subject_id IN (h.case_id, a.id)
    ) THEN
        RAISE EXCEPTION 'the evidence is under a legal hold' USING ERRCODE = 'check_violation';
    END IF;
    RETURN OLD;
END $$;
CREATE TRIGGER subject_key_under_a_hold BEFORE DELETE ON subject_key
    FOR EACH ROW EXECUTE FUNCTION accountability_keep_held_evidence();
ALTER TABLE subject_key ENABLE ALWAYS TRIGGER subject_key_under_a_hold;
"""


class Migration(migrations.Migration):
    dependencies = [
        ("accountability", "0011_published_reports_security"),
        ("audit", "0006_sealed"),
        ("casework", "0002_row_security"),
    ]
    operations = [
        migrations.AlterField("legalhold", "collection_id", models.UUIDField(null=True, blank=True)),
        migrations.AddField("legalhold", "case_id", models.UUIDField(null=True, blank=True)),
        migrations.AddConstraint(
            "legalhold",
            models.UniqueConstraint(
                name="hold_one_of_a_case", fields=["tenant", "case_id"], condition=Q(lifted_at__isnull=True)
            ),
        ),
        migrations.AddConstraint(
            "legalhold",
            models.CheckConstraint(
                name="hold_of_a_collection_or_a_case",
                condition=Q(collection_id__isnull=False, case_id=None) | Q(collection_id=None, case_id__isnull=False),
            ),
        ),
        migrations.RunSQL(_EVIDENCE_STAYS, "DROP FUNCTION accountability_keep_held_evidence CASCADE"),
    ]
