-- Checks of parent, table and child of one name: the upper ones are NO INHERIT. Before 18 none could leave the other.
-- table: inn.middle
-- min: 18
-- setup
CREATE SCHEMA inn AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE inn.base (id integer, n integer, CONSTRAINT positive CHECK (n > -1) NO INHERIT);
CREATE TABLE inn.middle (id integer PRIMARY KEY, n integer, CONSTRAINT positive CHECK (n > -2) NO INHERIT);
CREATE TABLE inn.low (id integer NOT NULL, n integer, CONSTRAINT positive CHECK (n > -3));
ALTER TABLE inn.low INHERIT inn.middle;
ALTER TABLE inn.middle INHERIT inn.base;
INSERT INTO inn.middle SELECT i, i % 10 - 1 FROM generate_series(1, 3000) i;
INSERT INTO inn.low SELECT i, i % 10 - 2 FROM generate_series(5001, 5100) i;
DELETE FROM inn.middle WHERE id % 3 <> 0 AND id < 2900;
RESET ROLE;
-- workload
UPDATE inn.base SET id = id + 10000 WHERE id % 9 = 0;
-- probe
UPDATE inn.middle SET id = id + 20000 WHERE id % 30 = 0;
ALTER TABLE inn.low DROP CONSTRAINT positive;
ALTER TABLE inn.middle DROP CONSTRAINT positive;
