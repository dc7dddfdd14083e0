-- A leaf with indexes attached under other names, keys, foreign keys and triggers of the parent, and indexes, triggers, rules, policies, options of its own.
-- table: we.leaf
-- setup
CREATE SCHEMA we AUTHORIZATION shape_owner;
GRANT USAGE ON SCHEMA we TO shape_writer;
SET ROLE shape_owner;
CREATE TABLE we.refs (id integer PRIMARY KEY, name text);
INSERT INTO we.refs SELECT i, 'r' || i FROM generate_series(0, 99) i;
CREATE TABLE we.log (name text, op text, id bigint, n bigint);
CREATE TABLE we.items (
    gone text,
    id integer,
    d date,
    kind text DEFAULT 'parent' NOT NULL,
    ref integer,
    ref2 integer,
    twice integer GENERATED ALWAYS AS (id * 2) STORED,
    body text,
    CONSTRAINT items_key PRIMARY KEY (d, id),
    CONSTRAINT "items ""uq" UNIQUE (id, kind, d) INCLUDE (ref) DEFERRABLE,
    CONSTRAINT kind_check CHECK (kind <> 'x'),
    CONSTRAINT items_ref FOREIGN KEY (ref) REFERENCES we.refs ON DELETE SET NULL ON UPDATE CASCADE
) PARTITION BY RANGE (d);
ALTER TABLE we.items DROP COLUMN gone;
CREATE TABLE we.leaf (
    body text ,
    kind text DEFAULT 'leaf''s' NOT NULL,
    ref integer,
    gone_1 integer,
    d date NOT NULL,
    ref2 integer DEFAULT 5,
    gone_2 text,
    id integer NOT NULL,
    twice integer GENERATED ALWAYS AS (id * 2) STORED,
    CONSTRAINT kind_check CHECK (kind <> 'x'),
    CONSTRAINT own_check CHECK (id > -1000)
) WITH (fillfactor = 85, toast.autovacuum_enabled = false);
ALTER TABLE we.leaf DROP COLUMN gone_1, DROP COLUMN gone_2;
CREATE UNIQUE INDEX leaf_key_of_another_name ON we.leaf (d, id) WITH (fillfactor = 75);
ALTER TABLE we.leaf ADD CONSTRAINT "leaf ""key" PRIMARY KEY USING INDEX leaf_key_of_another_name;
ALTER TABLE we.leaf ADD CONSTRAINT leaf_ref_prepared FOREIGN KEY (ref) REFERENCES we.refs ON DELETE SET NULL ON UPDATE CASCADE;
CREATE INDEX "leaf ""body" ON we.leaf (lower(body)) WITH (fillfactor = 60);
ALTER TABLE we.items ATTACH PARTITION we.leaf FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE we.sibling PARTITION OF we.items FOR VALUES FROM ('2021-01-01') TO ('2022-01-01');
CREATE INDEX items_body ON we.items (lower(body));
CREATE INDEX items_only ON ONLY we.items (kind);
CREATE INDEX leaf_kind_attached ON we.leaf (kind);
ALTER INDEX we.items_only ATTACH PARTITION we.leaf_kind_attached;
CREATE INDEX leaf_only ON we.leaf (ref2) INCLUDE (kind);
CREATE UNIQUE INDEX leaf_only_unique ON we.leaf (id) WHERE id > 0;
ALTER INDEX we."leaf ""body" ALTER COLUMN 1 SET STATISTICS 77;
ALTER TABLE we.items ADD CONSTRAINT items_ref2 FOREIGN KEY (ref2) REFERENCES we.refs DEFERRABLE INITIALLY DEFERRED;
ALTER TABLE we.leaf ADD CONSTRAINT leaf_own_ref FOREIGN KEY (ref2) REFERENCES we.refs (id) ON DELETE CASCADE;
CREATE STATISTICS we.items_stat ON kind, ref FROM we.items;
CREATE STATISTICS we.leaf_stat (ndistinct) ON kind, ref2 FROM we.leaf;
CREATE FUNCTION we.log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO we.log VALUES (TG_NAME || COALESCE(TG_ARGV[0], ''), TG_OP || ' ' || TG_TABLE_NAME, COALESCE(NEW.id, OLD.id));
    RETURN COALESCE(NEW, OLD);
END $$;
CREATE FUNCTION we.sums() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO we.log SELECT TG_NAME, TG_OP, sum(id), count(*) FROM new_rows;
    RETURN NULL;
END $$;
CREATE TRIGGER items_after AFTER INSERT OR DELETE OR UPDATE OF body, kind ON we.items FOR EACH ROW EXECUTE FUNCTION we.log('a''rg');
CREATE TRIGGER "items ""before" BEFORE INSERT OR UPDATE ON we.items FOR EACH ROW WHEN (NEW.body IS NOT NULL) EXECUTE FUNCTION we.log();
CREATE TRIGGER items_off AFTER UPDATE ON we.items FOR EACH ROW EXECUTE FUNCTION we.log();
CREATE TRIGGER items_off_here AFTER UPDATE ON we.items FOR EACH ROW EXECUTE FUNCTION we.log();
CREATE TRIGGER items_always_here AFTER UPDATE ON we.items FOR EACH ROW EXECUTE FUNCTION we.log();
CREATE CONSTRAINT TRIGGER items_constraint AFTER INSERT ON we.items DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION we.log();
CREATE TRIGGER items_statement AFTER INSERT ON we.items REFERENCING NEW TABLE AS new_rows EXECUTE FUNCTION we.sums();
CREATE TRIGGER leaf_row AFTER UPDATE ON we.leaf FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION we.log();
CREATE TRIGGER leaf_statement AFTER INSERT ON we.leaf REFERENCING NEW TABLE AS new_rows EXECUTE FUNCTION we.sums();
ALTER TABLE we.items DISABLE TRIGGER items_off;
ALTER TABLE we.leaf DISABLE TRIGGER items_off_here;
ALTER TABLE we.leaf ENABLE ALWAYS TRIGGER items_always_here;
CREATE RULE leaf_rule AS ON DELETE TO we.leaf DO ALSO INSERT INTO we.log VALUES ('leaf_rule', OLD.kind, OLD.id);
ALTER TABLE we.leaf ENABLE ROW LEVEL SECURITY;
CREATE POLICY leaf_policy ON we.leaf FOR SELECT TO shape_writer USING (kind <> 'secret');
CREATE VIEW we.of_leaf AS SELECT id, kind, body FROM we.leaf WHERE id > 0;
CREATE VIEW we.of_items AS SELECT tableoid::regclass AS leaf, items.* FROM we.items;
ALTER TABLE we.leaf REPLICA IDENTITY USING INDEX "leaf ""key";
ALTER TABLE we.leaf ALTER COLUMN body SET STORAGE EXTERNAL, ALTER COLUMN body SET STATISTICS 33, ALTER COLUMN kind SET (n_distinct = 7);
COMMENT ON TABLE we.leaf IS 'the leaf';
COMMENT ON COLUMN we.leaf.kind IS 'of the leaf';
COMMENT ON CONSTRAINT "leaf ""key" ON we.leaf IS 'key of the leaf';
COMMENT ON CONSTRAINT kind_check ON we.leaf IS 'check of the leaf';
COMMENT ON CONSTRAINT leaf_own_ref ON we.leaf IS 'own';
COMMENT ON INDEX we."leaf ""body" IS 'body of the leaf';
COMMENT ON TRIGGER leaf_row ON we.leaf IS 'row';
COMMENT ON RULE leaf_rule ON we.leaf IS 'rule';
COMMENT ON POLICY leaf_policy ON we.leaf IS 'policy';
GRANT SELECT, INSERT, UPDATE, DELETE ON we.items, we.leaf TO shape_writer;
BEGIN;
INSERT INTO we.items (id, d, kind, ref, ref2, body) SELECT i, date '2020-01-01' + i % 600, 'k' || i % 5, i % 90, i % 80, 'body ' || i FROM generate_series(1, 4000) i;
COMMIT;
DELETE FROM we.items WHERE id % 3 <> 0 AND id < 3900;
TRUNCATE we.log;
RESET ROLE;
CREATE PUBLICATION we_leaf FOR TABLE we.leaf;
ALTER PUBLICATION we_leaf OWNER TO shape_owner;
CREATE PUBLICATION we_root FOR TABLE we.items WITH (publish_via_partition_root);
-- workload
BEGIN;
INSERT INTO we.items (id, d, ref, body) VALUES (10001, '2020-05-05', 7, 'routed'), (10002, '2021-05-05', 7, 'elsewhere');
INSERT INTO we.leaf (id, d, ref, body) VALUES (10003, '2020-05-05', 7, 'direct');
COMMIT;
UPDATE we.items SET kind = kind || '!' WHERE id % 9 = 0;
UPDATE we.items SET d = d + 366 WHERE id % 30 = 0 AND d < '2020-06-01';
UPDATE we.items SET d = d - 366 WHERE id % 33 = 0 AND d BETWEEN '2021-02-01' AND '2021-06-01';
DELETE FROM we.items WHERE id % 21 = 0;
DELETE FROM we.refs WHERE id = 84;
UPDATE we.refs SET id = 85000 WHERE id = 85;
SET session_replication_role = replica;
UPDATE we.items SET body = 'r' WHERE id BETWEEN 300 AND 310;
RESET session_replication_role;
-- probe
BEGIN;
INSERT INTO we.items (id, d, ref, body) VALUES (20001, '2020-05-05', 7, 'probe'), (20002, '2021-05-05', 7, NULL);
INSERT INTO we.leaf (id, d, ref, body) VALUES (20003, '2020-05-05', 7, 'probe');
COMMIT;
UPDATE we.items SET kind = 'secret' WHERE id IN (20001, 330, 333);
DELETE FROM we.leaf WHERE id = 336;
UPDATE we.of_leaf SET body = 'through the view' WHERE id = 339;
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO we.items (id, d, kind) VALUES (30001, ''2020-05-05'', ''x'')',
        'INSERT INTO we.items (id, d) VALUES (-30001, ''2020-05-05'')',
        'INSERT INTO we.items (id, d) VALUES (20003, ''2020-06-05'')',
        'INSERT INTO we.leaf (id, d) VALUES (30001, ''2021-05-05'')',
        'INSERT INTO we.items (id, d, ref) VALUES (30001, ''2020-05-05'', -1)',
        'INSERT INTO we.items (id, d, ref2) VALUES (30001, ''2020-05-05'', -1)'] LOOP
        BEGIN
            EXECUTE bad;
            SET CONSTRAINTS ALL IMMEDIATE;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN check_violation OR unique_violation OR foreign_key_violation THEN NULL;
        END;
    END LOOP;
    BEGIN
        DROP INDEX we.leaf_kind_attached;
        RAISE EXCEPTION 'the index is not attached';
    EXCEPTION WHEN dependent_objects_still_exist THEN NULL;
    END;
    BEGIN
        ALTER TABLE we.leaf DROP CONSTRAINT leaf_ref_prepared;
        RAISE EXCEPTION 'the foreign key is not the parent''s';
    EXCEPTION WHEN invalid_table_definition THEN NULL;
    END;
    ASSERT (SELECT count(*) = 3 FROM pg_constraint WHERE conrelid = 'we.leaf'::regclass AND contype = 'f'), 'foreign keys';
    ASSERT (SELECT count(*) = 6 FROM pg_trigger WHERE tgrelid = 'we.leaf'::regclass AND tgparentid <> 0 AND tgname LIKE 'items%'), 'triggers';
    ASSERT (SELECT bool_and(convalidated) FROM pg_constraint WHERE conrelid = 'we.leaf'::regclass), 'not valid';
END $$;
SET ROLE shape_writer;
DO $$
BEGIN
    ASSERT NOT EXISTS (SELECT FROM we.leaf WHERE kind = 'secret'), 'policy';
END $$;
RESET ROLE;
CREATE TABLE we.seen AS SELECT leaf::text, id, d, kind, ref, ref2, twice, body FROM we.of_items;
CREATE TABLE we.attached AS SELECT inhrelid::regclass::text, inhparent::regclass::text FROM pg_inherits;
ALTER TABLE we.items DROP CONSTRAINT items_ref;
DROP INDEX we.items_only;
DROP TRIGGER items_off ON we.items;
ALTER TABLE we.items DETACH PARTITION we.leaf;
