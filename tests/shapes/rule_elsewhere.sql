-- Rules of other tables and of views on other tables that read from the table and write into it; one of another owner.
-- table: re.items
-- as: postgres
-- setup
CREATE SCHEMA re AUTHORIZATION shape_owner;
GRANT USAGE ON SCHEMA re TO shape_other, shape_writer;
SET ROLE shape_owner;
CREATE TABLE re.items (id integer PRIMARY KEY, v text, n integer DEFAULT 7);
INSERT INTO re.items SELECT i, 'v' || i FROM generate_series(1, 3000) i;
DELETE FROM re.items WHERE id % 3 <> 0 AND id < 2980;
GRANT INSERT, SELECT, DELETE ON re.items TO shape_other;
CREATE TABLE re.inbox (id integer PRIMARY KEY, v text);
CREATE RULE to_items AS ON INSERT TO re.inbox DO ALSO INSERT INTO re.items (id, v) VALUES (NEW.id + 100000, NEW.v);
CREATE RULE "if ""known" AS ON UPDATE TO re.inbox WHERE EXISTS (SELECT FROM re.items i WHERE i.id = NEW.id + 100000) DO ALSO UPDATE re.items SET v = NEW.v WHERE items.id = NEW.id + 100000;
CREATE RULE off_rule AS ON DELETE TO re.inbox DO ALSO DELETE FROM re.items;
ALTER TABLE re.inbox DISABLE RULE off_rule;
COMMENT ON RULE off_rule ON re.inbox IS 'dangerous';
COMMENT ON RULE "if ""known" ON re.inbox IS 'if''known';
GRANT INSERT, UPDATE, SELECT, DELETE ON re.inbox TO shape_writer;
RESET ROLE;
CREATE SCHEMA others AUTHORIZATION shape_other;
GRANT USAGE ON SCHEMA others TO shape_writer;
SET ROLE shape_other;
CREATE TABLE others.queue (id integer, v text);
CREATE RULE instead AS ON INSERT TO others.queue DO INSTEAD INSERT INTO re.items (id, v) SELECT NEW.id + 200000, NEW.v WHERE NOT EXISTS (SELECT FROM re.items WHERE id = NEW.id);
GRANT INSERT ON others.queue TO shape_writer;
CREATE VIEW others.of_queue AS SELECT id FROM others.queue;
CREATE RULE of_queue_delete AS ON DELETE TO others.of_queue DO INSTEAD DELETE FROM re.items WHERE items.id = OLD.id;
COMMENT ON RULE of_queue_delete ON others.of_queue IS 'through a view on another table';
RESET ROLE;
-- workload
SET ROLE shape_writer;
INSERT INTO re.inbox VALUES (1, 'one'), (2, 'two');
UPDATE re.inbox SET v = 'twice' WHERE id = 2;
INSERT INTO others.queue VALUES (1, 'queued'), (3, 'known');
RESET ROLE;
DELETE FROM re.items WHERE id % 21 = 0;
-- probe
SET ROLE shape_writer;
INSERT INTO re.inbox VALUES (11, 'probe'), (12, 'probe');
UPDATE re.inbox SET v = 'probed' WHERE id = 12;
DELETE FROM re.inbox WHERE id = 11;
INSERT INTO others.queue VALUES (11, 'probe');
RESET ROLE;
INSERT INTO re.inbox VALUES (13, 'x');
DO $$
BEGIN
    ASSERT (SELECT array_agg(v ORDER BY id) = '{probe,probed,x}' FROM re.items WHERE id BETWEEN 100011 AND 100013), 'rule';
    ASSERT EXISTS (SELECT FROM re.items WHERE id = 200011), 'rule of another';
    BEGIN
        DROP TABLE re.items;
        RAISE EXCEPTION 'rules do not depend on the table';
    EXCEPTION WHEN dependent_objects_still_exist THEN NULL;
    END;
END $$;
