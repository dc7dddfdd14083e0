-- Rules on the table: DO ALSO, DO INSTEAD, conditional, several commands, NOTHING, NOTIFY, whole rows, disabled, always, replica, comments.
-- table: ru.items
-- setup
CREATE SCHEMA ru AUTHORIZATION shape_owner;
GRANT USAGE ON SCHEMA ru TO shape_writer;
SET ROLE shape_owner;
CREATE TABLE ru.items (gone integer, id integer PRIMARY KEY, v text DEFAULT 'd''', n integer DEFAULT 0);
ALTER TABLE ru.items DROP COLUMN gone;
CREATE TABLE ru.log (rule text, id integer, v text, whole text);
CREATE TABLE ru.archive (id integer, v text, n integer);
INSERT INTO ru.items SELECT i, 'v' || i FROM generate_series(1, 3000) i;
DELETE FROM ru.items WHERE id % 3 <> 0 AND id < 2980;
CREATE RULE also_insert AS ON INSERT TO ru.items DO ALSO INSERT INTO ru.log VALUES ('also_insert', NEW.id, NEW.v, NEW::text);
CREATE RULE "z also ""insert ON" AS ON INSERT TO ru.items WHERE NEW.n > 5 DO ALSO (INSERT INTO ru.log (rule, id) VALUES ('z', NEW.id); DELETE FROM ru.archive WHERE archive.id = NEW.id);
CREATE RULE notifies AS ON INSERT TO ru.items DO ALSO NOTIFY "ru ""channel", 'pay''load';
CREATE RULE keep_important AS ON DELETE TO ru.items WHERE OLD.v = 'important' DO INSTEAD NOTHING;
CREATE RULE archive_deleted AS ON DELETE TO ru.items DO INSERT INTO ru.archive SELECT OLD.*;
CREATE RULE update_elsewhere AS ON UPDATE TO ru.items WHERE OLD.id < 100 DO INSTEAD INSERT INTO ru.archive SELECT OLD.id, i.v || '+' || NEW.v, NEW.n FROM ru.items i WHERE i.id = OLD.id + 900;
CREATE RULE update_log AS ON UPDATE TO ru.items WHERE NEW.* IS DISTINCT FROM OLD.* DO ALSO INSERT INTO ru.log SELECT 'update', OLD.id, (SELECT max(i.v) FROM ru.items i WHERE i.id = NEW.id), NULL AS whole;
CREATE RULE off_rule AS ON DELETE TO ru.items DO ALSO INSERT INTO ru.log VALUES ('off');
CREATE RULE always_rule AS ON DELETE TO ru.items DO ALSO INSERT INTO ru.log VALUES ('always', OLD.id);
CREATE RULE replica_rule AS ON DELETE TO ru.items DO ALSO INSERT INTO ru.log VALUES ('replica', OLD.id);
ALTER TABLE ru.items DISABLE RULE off_rule;
ALTER TABLE ru.items ENABLE ALWAYS RULE always_rule;
ALTER TABLE ru.items ENABLE REPLICA RULE replica_rule;
COMMENT ON RULE keep_important ON ru.items IS 'it''s important';
COMMENT ON RULE off_rule ON ru.items IS 'off';
GRANT INSERT, SELECT, UPDATE, DELETE ON ru.items TO shape_writer;
RESET ROLE;
-- workload
SET ROLE shape_writer;
INSERT INTO ru.items VALUES (10001, 'important', 7), (10002, 'new', 3);
INSERT INTO ru.items (id) VALUES (10003);
UPDATE ru.items SET v = 'important' WHERE id BETWEEN 300 AND 320;
UPDATE ru.items SET v = 'low' WHERE id = 33;
DELETE FROM ru.items WHERE id BETWEEN 290 AND 330;
RESET ROLE;
SET session_replication_role = replica;
DELETE FROM ru.items WHERE id BETWEEN 600 AND 620;
UPDATE ru.items SET v = 'r' WHERE id = 36;
RESET session_replication_role;
-- probe
SET ROLE shape_writer;
INSERT INTO ru.items VALUES (20001, 'important', 7), (20002, 'probe', 3);
UPDATE ru.items SET v = 'probe' WHERE id IN (900, 60, 20002);
DELETE FROM ru.items WHERE id IN (20001, 20002, 903);
RESET ROLE;
SET session_replication_role = replica;
DELETE FROM ru.items WHERE id = 1200;
RESET session_replication_role;
DO $$
BEGIN
    ASSERT EXISTS (SELECT FROM ru.items WHERE id = 20001), 'DO INSTEAD NOTHING';
    ASSERT EXISTS (SELECT FROM ru.archive WHERE id = 20002), 'DO ALSO';
    ASSERT EXISTS (SELECT FROM ru.log WHERE rule = 'replica' AND id = 1200), 'replica';
    ASSERT (SELECT v = 'v60' FROM ru.items WHERE id = 60) AND EXISTS (SELECT FROM ru.archive WHERE id = 60 AND v = 'v960+probe'), 'conditional DO INSTEAD';
    ASSERT NOT EXISTS (SELECT FROM ru.log WHERE rule = 'off'), 'disabled';
END $$;
ALTER TABLE ru.items ENABLE RULE off_rule;
DELETE FROM ru.items WHERE id = 1203;
