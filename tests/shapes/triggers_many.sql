-- Triggers of every sort: before, after, row, statement, columns, WHEN, arguments, transition tables, TRUNCATE, comments, order of names.
-- table: tg.items
-- setup
CREATE SCHEMA tg AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE tg.items (gone integer, id integer PRIMARY KEY, v text, "c "".d" integer DEFAULT 0, steps text DEFAULT '', words tsvector);
ALTER TABLE tg.items DROP COLUMN gone;
CREATE TABLE tg.log (name text, op text, args text[], id bigint, n bigint);
INSERT INTO tg.items (id, v) SELECT i, 'v' || i FROM generate_series(1, 3000) i;
DELETE FROM tg.items WHERE id % 3 <> 0 AND id < 2980;
CREATE FUNCTION tg.step() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN NEW.steps := NEW.steps || TG_ARGV[0]; RETURN NEW; END $$;
CREATE FUNCTION tg.row_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tg.log VALUES (TG_NAME, TG_OP || ' ' || TG_WHEN || ' ' || TG_LEVEL || ' ' || TG_RELID::regclass, TG_ARGV, COALESCE(NEW.id, OLD.id), TG_NARGS);
    RETURN COALESCE(NEW, OLD);
END $$;
CREATE FUNCTION tg.statement_log() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tg.log VALUES (TG_NAME, TG_OP || ' ' || TG_WHEN || ' ' || TG_LEVEL, TG_ARGV);
    RETURN NULL;
END $$;
CREATE FUNCTION tg.with_new() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tg.log SELECT TG_NAME, TG_OP, TG_ARGV, sum(id), count(*) FROM "new ""rows";
    RETURN NULL;
END $$;
CREATE FUNCTION tg.with_both() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tg.log SELECT TG_NAME, TG_OP, TG_ARGV, sum(n.id - o.id), count(*) FROM newtab n, oldtab o WHERE n.id = o.id;
    RETURN NULL;
END $$;
CREATE FUNCTION tg.with_old() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    INSERT INTO tg.log SELECT TG_NAME, TG_OP, TG_ARGV, sum(id), count(*) FROM oldtab;
    RETURN NULL;
END $$;
CREATE TRIGGER z_step BEFORE INSERT OR UPDATE ON tg.items FOR EACH ROW EXECUTE FUNCTION tg.step('z');
CREATE TRIGGER a_step BEFORE INSERT OR UPDATE ON tg.items FOR EACH ROW EXECUTE FUNCTION tg.step('a');
CREATE TRIGGER "M step" BEFORE UPDATE OF "c "".d", v ON tg.items FOR EACH ROW WHEN (OLD."c "".d" IS DISTINCT FROM NEW."c "".d") EXECUTE FUNCTION tg.step('M');
CREATE TRIGGER b_words BEFORE INSERT OR UPDATE ON tg.items FOR EACH ROW EXECUTE FUNCTION tsvector_update_trigger('words', 'pg_catalog.simple', 'v');
CREATE TRIGGER c_redundant BEFORE UPDATE ON tg.items FOR EACH ROW WHEN (OLD.* IS NOT DISTINCT FROM NEW.*) EXECUTE FUNCTION suppress_redundant_updates_trigger();
CREATE TRIGGER row_any AFTER INSERT OR DELETE OR UPDATE ON tg.items FOR EACH ROW WHEN (true) EXECUTE FUNCTION tg.row_log('it''s', '"q"', E'back\\slash\n', '', '$1', 'Größe 雪', 'NULL', 5);
CREATE TRIGGER row_when AFTER UPDATE ON tg.items FOR EACH ROW WHEN (OLD.v <> NEW.v AND NEW.id % 2 = 0 AND NEW.v ~ '^p''"\\') EXECUTE FUNCTION tg.row_log();
CREATE TRIGGER row_columns AFTER UPDATE OF id, "c "".d" ON tg.items FOR EACH ROW WHEN (OLD.* IS DISTINCT FROM NEW.*) EXECUTE FUNCTION tg.row_log();
CREATE TRIGGER row_delete BEFORE DELETE ON tg.items FOR EACH ROW WHEN (OLD.id > 100) EXECUTE FUNCTION tg.row_log();
CREATE TRIGGER statement_before BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON tg.items EXECUTE FUNCTION tg.statement_log('x');
CREATE TRIGGER statement_after AFTER TRUNCATE ON tg.items FOR EACH STATEMENT EXECUTE FUNCTION tg.statement_log();
CREATE TRIGGER statement_columns AFTER UPDATE OF v ON tg.items FOR EACH STATEMENT EXECUTE FUNCTION tg.statement_log();
CREATE TRIGGER transition_insert AFTER INSERT ON tg.items REFERENCING NEW TABLE AS "new ""rows" FOR EACH STATEMENT EXECUTE FUNCTION tg.with_new('n');
CREATE TRIGGER transition_update AFTER UPDATE ON tg.items REFERENCING OLD TABLE AS oldtab NEW TABLE AS newtab FOR EACH STATEMENT EXECUTE FUNCTION tg.with_both();
CREATE TRIGGER transition_delete AFTER DELETE ON tg.items REFERENCING OLD TABLE AS oldtab FOR EACH STATEMENT EXECUTE FUNCTION tg.with_old();
COMMENT ON TRIGGER row_any ON tg.items IS 'logs''s "rows"';
COMMENT ON TRIGGER "M step" ON tg.items IS 'M';
RESET ROLE;
-- workload
INSERT INTO tg.items (id, v) VALUES (10001, 'new'), (10002, 'newer');
UPDATE tg.items SET "c "".d" = 1 WHERE id BETWEEN 300 AND 400;
UPDATE tg.items SET v = v WHERE id = 450;
UPDATE tg.items SET id = id + 20000 WHERE id IN (600, 603);
DELETE FROM tg.items WHERE id BETWEEN 60 AND 130;
INSERT INTO tg.items (id, v) VALUES (10002, 'again') ON CONFLICT (id) DO UPDATE SET v = excluded.v;
BEGIN;
UPDATE tg.items SET v = 'lost';
ROLLBACK;
-- probe
INSERT INTO tg.items (id, v) VALUES (30001, 'probe');
UPDATE tg.items SET v = 'p''"\x', "c "".d" = 2 WHERE id IN (30001, 900, 903);
UPDATE tg.items SET id = 40001 WHERE id = 30001;
DELETE FROM tg.items WHERE id BETWEEN 990 AND 999;
DO $$
BEGIN
    ASSERT (SELECT steps = 'azMazaz' FROM tg.items WHERE id = 40001), 'order of triggers';
    ASSERT (SELECT words @@ 'x'::tsquery FROM tg.items WHERE id = 40001), 'tsvector_update_trigger';
    ASSERT (SELECT n = 8 AND args[0] = 'it''s' FROM tg.log WHERE name = 'row_any' AND id = 40001), 'arguments';
    ASSERT (SELECT count(*) = 1 FROM tg.log WHERE name = 'row_when' AND id = 900), 'WHEN';
    ASSERT (SELECT count(*) = 0 FROM tg.log WHERE name = 'row_when' AND id = 903), 'WHEN';
    TRUNCATE tg.items;
    ASSERT (SELECT count(*) = 2 FROM tg.log WHERE op LIKE 'TRUNCATE%'), 'TRUNCATE';
    RAISE SQLSTATE 'ROLL1';
EXCEPTION WHEN SQLSTATE 'ROLL1' THEN NULL;
END $$;
ALTER TABLE tg.items DISABLE TRIGGER USER;
UPDATE tg.items SET v = 'unseen' WHERE id = 1200;
ALTER TABLE tg.items ENABLE TRIGGER USER;
DROP TRIGGER row_columns ON tg.items;
