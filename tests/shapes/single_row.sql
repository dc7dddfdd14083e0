-- A table of one row that was updated thousands of times; the key changes too.
-- table: tiny.single
-- setup
CREATE SCHEMA tiny AUTHORIZATION shape_owner;
CREATE TABLE tiny.single (id integer PRIMARY KEY, n bigint, pad text);
ALTER TABLE tiny.single OWNER TO shape_owner;
INSERT INTO tiny.single VALUES (1, 0, repeat('pad', 100));
DO $$ BEGIN FOR i IN 1..3000 LOOP UPDATE tiny.single SET n = n + 1, pad = md5(i::text) || repeat('pad', 60); END LOOP; END $$;
-- workload
DO $$ BEGIN FOR i IN 1..200 LOOP UPDATE tiny.single SET n = n + 1, id = id + i % 2; END LOOP; END $$;
BEGIN;
SAVEPOINT one;
DELETE FROM tiny.single;
ROLLBACK TO SAVEPOINT one;
UPDATE tiny.single SET id = 1;
COMMIT;
-- probe
UPDATE tiny.single SET n = n + 1;
