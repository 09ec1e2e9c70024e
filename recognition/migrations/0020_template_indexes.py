"""A collection may have two indexes: templates belong to an index, and the collection says which one is searched.

Until now the foreign key of a template named the collection itself, so that there could be templates of one engine
version only. `recognition_templateindex` takes its place: a row for each engine version of a collection that templates
may be of, each in a partition of its own, so vectors of two versions lie apart. The collection's own row is kept in
step by a trigger, and must exist (`collection_has_its_index`): whoever knows nothing of moves changes nothing. Not a
foreign key, since indexes refer to collections, and a circle cannot be emptied in any order.
"""

from django.db import migrations

from common.row_security import tenant_table

_GRANTS = "SELECT, INSERT, DELETE, UPDATE (partition_no)"

_TABLE = """
CREATE TABLE recognition_templateindex (
    tenant_id      uuid NOT NULL,
    collection_id  uuid NOT NULL,
    engine_version varchar(200) NOT NULL,
    dimensions     integer NOT NULL,
    partition_no   integer NOT NULL,
    CONSTRAINT recognition_templateindex_pk PRIMARY KEY (tenant_id, collection_id, engine_version),
    CONSTRAINT index_alone_in_its_partition UNIQUE (tenant_id, collection_id, partition_no),
    CONSTRAINT index_of_templates UNIQUE (partition_no, tenant_id, collection_id, engine_version, dimensions),
    CONSTRAINT templateindex_collection_of_tenant FOREIGN KEY (tenant_id, collection_id)
        REFERENCES recognition_collection (tenant_id, id) ON DELETE CASCADE
);
ALTER TABLE recognition_collection NO FORCE ROW LEVEL SECURITY;
INSERT INTO recognition_templateindex (tenant_id, collection_id, engine_version, dimensions, partition_no)
SELECT tenant_id, id, engine_version, dimensions, partition_no FROM recognition_collection;
ALTER TABLE recognition_collection FORCE ROW LEVEL SECURITY;
"""

_KEPT_IN_STEP = """
CREATE FUNCTION recognition_keep_template_index() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO public.recognition_templateindex
            (tenant_id, collection_id, engine_version, dimensions, partition_no)
        VALUES (NEW.tenant_id, NEW.id, NEW.engine_version, NEW.dimensions, NEW.partition_no);
    ELSIF NEW.engine_version = OLD.engine_version AND NEW.dimensions = OLD.dimensions THEN
        UPDATE public.recognition_templateindex SET partition_no = NEW.partition_no
        WHERE tenant_id = NEW.tenant_id AND collection_id = NEW.id AND engine_version = NEW.engine_version;
    END IF;
    IF NOT EXISTS (
        SELECT FROM public.recognition_templateindex i
        WHERE i.tenant_id = NEW.tenant_id AND i.collection_id = NEW.id AND i.engine_version = NEW.engine_version
          AND i.dimensions = NEW.dimensions AND i.partition_no = NEW.partition_no
    ) THEN
        RAISE EXCEPTION 'collection % has no index of %', NEW.id, NEW.engine_version
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'collection_has_its_index';
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION recognition_keep_searched_index() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, public AS $$
BEGIN
    IF EXISTS (
        SELECT FROM public.recognition_collection c
        WHERE c.tenant_id = OLD.tenant_id AND c.id = OLD.collection_id AND c.engine_version = OLD.engine_version
    ) THEN
        RAISE EXCEPTION 'collection % is searched in its index of %', OLD.collection_id, OLD.engine_version
            USING ERRCODE = 'foreign_key_violation', CONSTRAINT = 'collection_has_its_index';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER collection_keeps_its_index
    AFTER INSERT OR UPDATE OF partition_no, engine_version, dimensions ON recognition_collection
    FOR EACH ROW EXECUTE FUNCTION recognition_keep_template_index();
CREATE TRIGGER searched_index_stays AFTER DELETE ON recognition_templateindex
    FOR EACH ROW EXECUTE FUNCTION recognition_keep_searched_index();
"""

_TEMPLATES = """
ALTER TABLE recognition_template DROP CONSTRAINT template_agrees_with_collection;
ALTER TABLE recognition_template ADD CONSTRAINT template_agrees_with_collection
    FOREIGN KEY (partition_no, tenant_id, collection_id, engine_version, dimensions)
    REFERENCES recognition_templateindex (partition_no, tenant_id, collection_id, engine_version, dimensions)
    DEFERRABLE INITIALLY IMMEDIATE;
"""

_MOVES = """
ALTER TABLE recognition_enginemove
    ADD CONSTRAINT enginemove_collection_of_tenant FOREIGN KEY (tenant_id, collection_id)
    REFERENCES recognition_collection (tenant_id, id) ON DELETE CASCADE,
    ADD CONSTRAINT enginemove_job_of_tenant FOREIGN KEY (tenant_id, job_id)
    REFERENCES recognition_job (tenant_id, id),
    ADD CONSTRAINT enginemove_rests_on_a_decision FOREIGN KEY (decision_entry_id) REFERENCES audit_entry (id);
ALTER TABLE recognition_unmovedface ADD CONSTRAINT unmovedface_move_of_tenant
    FOREIGN KEY (tenant_id, move_id) REFERENCES recognition_enginemove (tenant_id, id) ON DELETE CASCADE;
ALTER TABLE recognition_shadowscore ADD CONSTRAINT shadowscore_move_of_tenant
    FOREIGN KEY (tenant_id, move_id) REFERENCES recognition_enginemove (tenant_id, id) ON DELETE CASCADE;
CREATE CONSTRAINT TRIGGER enginemove_rests_on_an_allowed_decision AFTER INSERT ON recognition_enginemove
    FOR EACH ROW EXECUTE FUNCTION recognition_require_allowed_decision();
GRANT UPDATE (engine, engine_version, dimensions, is_moving) ON recognition_collection TO custos_app;
GRANT UPDATE (total) ON recognition_job TO custos_app;
"""
_MOVE_GRANTS = (
    "SELECT, INSERT, DELETE, UPDATE (engine, engine_version, dimensions, partition_no, is_switched, filled_up_to,"
    " job_id, ended_at, agreement)"
)


class Migration(migrations.Migration):
    dependencies = [("recognition", "0019_engine_moves")]
    # Back is a restore: templates of a second index have no place in the tables before this.
    operations = [
        migrations.RunSQL(_TABLE),
        tenant_table("recognition_templateindex", grants=_GRANTS),
        migrations.RunSQL(_TEMPLATES),
        migrations.RemoveConstraint(model_name="collection", name="collection_of_templates"),
        migrations.RunSQL(_KEPT_IN_STEP),
        migrations.RunSQL(_MOVES),
        tenant_table("recognition_enginemove", grants=_MOVE_GRANTS),
        tenant_table("recognition_unmovedface", grants="SELECT, INSERT, DELETE"),
        tenant_table("recognition_shadowscore", grants="SELECT, INSERT, DELETE"),
    ]
