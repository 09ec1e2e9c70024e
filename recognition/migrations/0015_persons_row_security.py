"""Row-level security, references, rights and the template of persons.

The template of a person is a column of its row, so that it comes and goes with it; Django does not know it, the gallery
alone reads and writes it (`recognition.gallery.persons`). It is made of templates of the person's collection, so its
engine version and length are those of the collection.
"""

from django.db import migrations

from common.row_security import tenant_table

_GRANTS = "SELECT, INSERT, DELETE, UPDATE (display_name, face_count, revision, template)"

_REFERENCES = """
ALTER TABLE recognition_person
    ADD CONSTRAINT person_collection_of_tenant FOREIGN KEY (tenant_id, collection_id)
    REFERENCES recognition_collection (tenant_id, id),
    ADD CONSTRAINT person_rests_on_a_decision FOREIGN KEY (decision_entry_id) REFERENCES audit_entry (id);
ALTER TABLE recognition_face
    ADD CONSTRAINT face_person_of_tenant FOREIGN KEY (tenant_id, collection_id, person_id)
    REFERENCES recognition_person (tenant_id, collection_id, id);
CREATE CONSTRAINT TRIGGER person_rests_on_an_allowed_decision AFTER INSERT ON recognition_person
    FOR EACH ROW EXECUTE FUNCTION recognition_require_allowed_decision();
"""
_NO_REFERENCES = """
DROP TRIGGER person_rests_on_an_allowed_decision ON recognition_person;
ALTER TABLE recognition_face DROP CONSTRAINT face_person_of_tenant;
ALTER TABLE recognition_person
    DROP CONSTRAINT person_collection_of_tenant, DROP CONSTRAINT person_rests_on_a_decision;
"""

_TEMPLATE = """
ALTER TABLE recognition_person
    ADD COLUMN template halfvec
    CONSTRAINT person_template_has_unit_length CHECK (abs(l2_norm(template) - 1) < 0.01),
    ADD CONSTRAINT person_with_faces_has_a_template CHECK ((template IS NULL) = (face_count = 0));
ALTER TABLE recognition_person ALTER COLUMN template SET STORAGE PLAIN;
"""
_NO_TEMPLATE = "ALTER TABLE recognition_person DROP COLUMN template"

# Rights to update are given by column (migration 0003).
_UPDATES = """
GRANT UPDATE (person_count) ON recognition_collection TO custos_app;
GRANT UPDATE (person_id) ON recognition_face TO custos_app;
"""


class Migration(migrations.Migration):
    dependencies = [("recognition", "0014_persons")]
    operations = [
        migrations.RunSQL(_REFERENCES, _NO_REFERENCES),
        migrations.RunSQL(_TEMPLATE, _NO_TEMPLATE),
        tenant_table("recognition_person", grants=_GRANTS),
        migrations.RunSQL(_UPDATES, migrations.RunSQL.noop),
    ]
