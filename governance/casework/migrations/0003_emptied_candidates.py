"""A candidate whose face was deleted is emptied, and stays. The database lets who it is be emptied, never changed."""

from django.db import migrations

_EMPTIED = "sealed_payload, reference_digest, quality"
_ONLY_EMPTIED = f"""
GRANT UPDATE ({_EMPTIED}) ON casework_reviewcandidate TO custos_app;
CREATE FUNCTION casework_refuse_another_candidate() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    RAISE EXCEPTION 'who candidate % is can be emptied, not changed', NEW.id USING ERRCODE = 'check_violation';
END $$;
CREATE TRIGGER candidate_is_only_emptied BEFORE UPDATE OF {_EMPTIED} ON casework_reviewcandidate
    FOR EACH ROW WHEN (NEW.sealed_payload <> ''::bytea OR NEW.reference_digest <> '' OR NEW.quality IS NOT NULL)
    EXECUTE FUNCTION casework_refuse_another_candidate();
"""
_BACK = f"""
DROP FUNCTION casework_refuse_another_candidate() CASCADE;
REVOKE UPDATE ({_EMPTIED}) ON casework_reviewcandidate FROM custos_app;
"""


class Migration(migrations.Migration):
    dependencies = [("casework", "0002_row_security")]
    operations = [migrations.RunSQL(_ONLY_EMPTIED, _BACK)]
