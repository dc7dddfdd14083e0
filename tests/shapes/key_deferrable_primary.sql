-- The only key is a deferrable primary key: two rows may have it in common, but never when a transaction ends.
-- table: key_later.rows
-- setup
CREATE SCHEMA key_later AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE key_later.rows (id integer, v integer, CONSTRAINT rows_pkey PRIMARY KEY (id) DEFERRABLE INITIALLY DEFERRED);
RESET ROLE;
INSERT INTO key_later.rows SELECT i, i FROM generate_series(1, 6000) i;
DELETE FROM key_later.rows WHERE id % 3 <> 0 AND id < 5980;
-- workload
UPDATE key_later.rows SET id = 5982 - id WHERE id < 5980;
BEGIN;
UPDATE key_later.rows SET id = 5976 WHERE id = 3;
UPDATE key_later.rows SET id = 3 WHERE id = 5976 AND v = 6;
COMMIT;
DELETE FROM key_later.rows WHERE id % 33 = 0;
-- probe
BEGIN;
INSERT INTO key_later.rows VALUES (12, 1);
UPDATE key_later.rows SET id = 70000 WHERE id = 12 AND v = 1;
COMMIT;
