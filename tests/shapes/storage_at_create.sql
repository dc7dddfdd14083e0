-- STORAGE given at CREATE TABLE, and set back to DEFAULT.
-- table: stor.rows
-- min: 16
-- setup
CREATE SCHEMA stor AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE stor.rows (id integer PRIMARY KEY, a text STORAGE EXTERNAL COMPRESSION pglz COLLATE "C", b text STORAGE MAIN, c text STORAGE EXTENDED, d jsonb STORAGE EXTERNAL, e text COMPRESSION pglz, f text STORAGE PLAIN);
ALTER TABLE stor.rows ALTER COLUMN b SET STORAGE DEFAULT;
ALTER TABLE stor.rows ALTER COLUMN e SET COMPRESSION DEFAULT;
RESET ROLE;
INSERT INTO stor.rows SELECT i, repeat(md5(i::text), 10), repeat('b', 100), repeat('c', 5000), jsonb_build_object('k', repeat('d', 3000)), 'e', 'f' FROM generate_series(1, 1500) i;
DELETE FROM stor.rows WHERE id % 3 <> 0 AND id < 1490;
-- workload
UPDATE stor.rows SET a = a || a WHERE id % 9 = 0;
UPDATE stor.rows SET id = id + 10000, b = repeat('bb', 4000) WHERE id % 60 = 0;
DELETE FROM stor.rows WHERE id % 33 = 0;
-- probe
INSERT INTO stor.rows VALUES (30001, repeat('a', 9000), repeat('b', 9000), repeat('c', 9000));
