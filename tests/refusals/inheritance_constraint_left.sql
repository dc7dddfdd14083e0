-- A check that the table has from a parent that has lost it with a column: the new table would have it as its own.
-- table: ref.child
-- refuse: inherited constraint in_both no longer
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.base (id integer, n integer, CONSTRAINT in_both CHECK (n > 0));
CREATE TABLE ref.child (id integer PRIMARY KEY, n integer) INHERITS (ref.base);
INSERT INTO ref.child SELECT i, i FROM generate_series(1, 1000) i;
DELETE FROM ref.child WHERE id % 3 <> 0 AND id < 990;
ALTER TABLE ref.base DROP COLUMN n;
