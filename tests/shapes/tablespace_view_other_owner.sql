-- An index in a tablespace where the owner of a view over the table may not create anything.
-- table: tv.items
-- as: postgres
-- setup
CREATE SCHEMA tv AUTHORIZATION shape_owner;
GRANT USAGE, CREATE ON SCHEMA tv TO shape_other;
SET ROLE shape_owner;
CREATE TABLE tv.items (id integer PRIMARY KEY, v text);
CREATE INDEX items_v ON tv.items (v) TABLESPACE shape_space;
GRANT SELECT ON tv.items TO shape_other;
SET ROLE shape_other;
CREATE VIEW tv.seen AS SELECT id, v FROM tv.items WHERE id > 5;
RESET ROLE;
INSERT INTO tv.items SELECT i, 'v' || i FROM generate_series(1, 3000) i;
DELETE FROM tv.items WHERE id % 3 <> 0 AND id < 2980;
-- workload
UPDATE tv.items SET v = 'w', id = -id WHERE id % 30 = 0;
DELETE FROM tv.items WHERE id % 33 = 0;
-- probe
INSERT INTO tv.items VALUES (10001, 'probe');
CREATE TABLE tv.found AS SELECT * FROM tv.seen;
