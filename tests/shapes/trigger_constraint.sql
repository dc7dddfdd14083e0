-- Constraint triggers, deferrable or not, FROM another table, on other tables FROM this one; comments on trigger and constraint.
-- table: tc.items
-- setup
CREATE SCHEMA tc AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE tc.items (id integer PRIMARY KEY, v text, total integer DEFAULT 0);
CREATE TABLE tc.others (id integer PRIMARY KEY, item integer);
CREATE TABLE tc."fur ther" (id integer PRIMARY KEY, item integer);
INSERT INTO tc.items SELECT i, 'v' || i, i % 10 FROM generate_series(1, 3000) i;
DELETE FROM tc.items WHERE id % 3 <> 0 AND id < 2980;
CREATE FUNCTION tc.check() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (SELECT total FROM tc.items WHERE id = NEW.id) < 0 THEN
        RAISE check_violation USING MESSAGE = TG_NAME || COALESCE(TG_ARGV[0], '');
    END IF;
    RETURN NULL;
END $$;
CREATE FUNCTION tc.has_item() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM tc.items WHERE id = NEW.item) THEN
        RAISE foreign_key_violation USING MESSAGE = TG_NAME;
    END IF;
    RETURN NULL;
END $$;
CREATE CONSTRAINT TRIGGER deferred_check AFTER INSERT OR UPDATE OF total ON tc.items DEFERRABLE INITIALLY DEFERRED FOR EACH ROW WHEN (NEW.v <> 'free') EXECUTE FUNCTION tc.check('d''q');
CREATE CONSTRAINT TRIGGER "imme diate" AFTER UPDATE ON tc.items DEFERRABLE FOR EACH ROW WHEN (NEW.v = 'now') EXECUTE FUNCTION tc.check();
CREATE CONSTRAINT TRIGGER plain_check AFTER INSERT ON tc.items FROM tc."fur ther" NOT DEFERRABLE FOR EACH ROW WHEN (NEW.v = 'now') EXECUTE FUNCTION tc.check();
CREATE CONSTRAINT TRIGGER from_item AFTER INSERT OR UPDATE ON tc.others FROM tc.items DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION tc.has_item();
CREATE CONSTRAINT TRIGGER "from ""item" AFTER INSERT ON tc."fur ther" FROM tc.items FOR EACH ROW WHEN (NEW.item > 0) EXECUTE FUNCTION tc.has_item('an', 'argument');
CREATE CONSTRAINT TRIGGER from_item_off AFTER DELETE ON tc."fur ther" FROM tc.items FOR EACH ROW EXECUTE FUNCTION tc.has_item();
CREATE CONSTRAINT TRIGGER from_itself AFTER UPDATE ON tc.items FROM tc.items FOR EACH ROW WHEN (NEW.v = 'self') EXECUTE FUNCTION tc.check();
ALTER TABLE tc."fur ther" DISABLE TRIGGER from_item_off;
ALTER TABLE tc.others ENABLE ALWAYS TRIGGER from_item;
COMMENT ON TRIGGER deferred_check ON tc.items IS 'the trigger';
COMMENT ON CONSTRAINT deferred_check ON tc.items IS 'the constraint';
COMMENT ON TRIGGER from_item ON tc.others IS 'another''s trigger';
COMMENT ON CONSTRAINT from_item ON tc.others IS 'another''s constraint';
COMMENT ON TRIGGER from_item_off ON tc."fur ther" IS 'off';
RESET ROLE;
-- workload
BEGIN;
UPDATE tc.items SET total = -5 WHERE id BETWEEN 30 AND 60;
UPDATE tc.items SET total = 5 WHERE id BETWEEN 30 AND 60;
INSERT INTO tc.others VALUES (1, 10001);
INSERT INTO tc.items VALUES (10001, 'new');
COMMIT;
INSERT INTO tc."fur ther" VALUES (1, 3);
DELETE FROM tc.items WHERE id % 21 = 0;
DO $$
BEGIN
    INSERT INTO tc."fur ther" VALUES (2, 1);
    RAISE EXCEPTION 'no constraint trigger';
EXCEPTION WHEN foreign_key_violation THEN NULL;
END $$;
-- probe
BEGIN;
UPDATE tc.items SET total = -5 WHERE id = 300;
UPDATE tc.items SET total = 5 WHERE id = 300;
INSERT INTO tc.others VALUES (2, 20001);
INSERT INTO tc.items VALUES (20001, 'new');
SET CONSTRAINTS tc.deferred_check, tc.from_item IMMEDIATE;
SET CONSTRAINTS tc."imme diate", tc.deferred_check DEFERRED;
UPDATE tc.items SET v = 'now', total = -1 WHERE id = 306;
UPDATE tc.items SET total = 1 WHERE id = 306;
COMMIT;
UPDATE tc.items SET v = 'free', total = -1 WHERE id = 309;
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'UPDATE tc.items SET total = -1 WHERE id = 303',
        'INSERT INTO tc.items VALUES (30001, ''x'', -1)',
        'INSERT INTO tc.others VALUES (30001, 1)'] LOOP
        BEGIN
            EXECUTE bad;
            SET CONSTRAINTS ALL IMMEDIATE;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN check_violation OR foreign_key_violation THEN NULL;
        END;
    END LOOP;
    FOREACH bad IN ARRAY ARRAY[
        'UPDATE tc.items SET v = ''now'' WHERE id = 309',
        'UPDATE tc.items SET v = ''self'' WHERE id = 309',
        'INSERT INTO tc.items VALUES (30001, ''now'', -1)',
        'INSERT INTO tc."fur ther" VALUES (30001, 1)'] LOOP
        BEGIN
            EXECUTE bad;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN check_violation OR foreign_key_violation THEN NULL;
        END;
    END LOOP;
    -- Which pg_dump does not show.
    ASSERT (SELECT array_agg(obj_description(oid, 'pg_constraint') ORDER BY conname COLLATE "C") FROM pg_constraint WHERE contype = 't' AND obj_description(oid, 'pg_constraint') IS NOT NULL)
        = ARRAY['the constraint', 'another''s constraint'], 'comments on constraints';
    ASSERT (SELECT count(*) = 4 FROM pg_trigger WHERE tgconstrrelid = 'tc.items'::regclass), 'FROM';
END $$;
DELETE FROM tc."fur ther";
