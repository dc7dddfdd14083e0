-- A check and a NOT NULL that the table had in common with its parent, until the parent lost them with a column: they still count the parent.
-- table: il.child
-- setup
CREATE SCHEMA il AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE il.base (id integer, n integer NOT NULL, CONSTRAINT in_both CHECK (n > 0));
CREATE TABLE il.child (id integer PRIMARY KEY, n integer NOT NULL, CONSTRAINT in_both CHECK (n > 0)) INHERITS (il.base);
INSERT INTO il.child SELECT i, i FROM generate_series(1, 3000) i;
DELETE FROM il.child WHERE id % 3 <> 0 AND id < 2980;
ALTER TABLE il.base DROP COLUMN n;
RESET ROLE;
-- workload
UPDATE il.base SET id = id + 10000 WHERE id % 9 = 0;
-- probe
DO $$
BEGIN
    INSERT INTO il.child VALUES (20001, 0);
    RAISE EXCEPTION 'the check is gone';
EXCEPTION WHEN check_violation THEN NULL;
END $$;
