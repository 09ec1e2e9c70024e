"""Row-level security and rights of the application on the tables of recognition.

What is never changed cannot be: rights to update are given by column, and faces and images have none.
"""

from django.db import migrations

from common.row_security import grant, tenant_table

_COLLECTION = "SELECT, INSERT, DELETE, UPDATE (description, retention_days, face_count, partition_no)"
_JOB = "SELECT, INSERT, UPDATE (status, collection_id, done, failed, problem, started_at, finished_at)"
_ITEM = "SELECT, INSERT, DELETE, UPDATE (status, external_id, attempts, problem, image_id, n_faces, rejected)"

# A task names a job before a tenant is known (sweep). As with the look-up of API keys, the table's owner, whom FORCE
# binds too, may read jobs for this function alone; it gives away one owner by one id, never a list.
_JOB_OWNER = """
CREATE POLICY lookup ON recognition_job FOR SELECT TO custos_owner USING (true);
CREATE FUNCTION custos_job_owner(wanted uuid) RETURNS uuid
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, public AS $$
    SELECT tenant_id FROM public.recognition_job WHERE id = wanted
$$;
REVOKE ALL ON FUNCTION custos_job_owner(uuid) FROM PUBLIC;
GRANT EXECUTE ON FUNCTION custos_job_owner(uuid) TO custos_app;
"""


class Migration(migrations.Migration):
    dependencies = [("recognition", "0002_references")]
    operations = [
        tenant_table("recognition_collection", grants=_COLLECTION),
        tenant_table("recognition_image", grants="SELECT, INSERT, DELETE"),
        tenant_table("recognition_job", grants=_JOB),
        tenant_table("recognition_jobitem", grants=_ITEM),
        tenant_table("recognition_face", grants="SELECT, INSERT, DELETE"),
        grant("recognition_dispatchticket", grants="SELECT, INSERT, UPDATE, DELETE"),
        grant("recognition_templatepartition", grants="SELECT, UPDATE (is_free)"),
        migrations.RunSQL(_JOB_OWNER, "DROP FUNCTION custos_job_owner(uuid); DROP POLICY lookup ON recognition_job"),
    ]
