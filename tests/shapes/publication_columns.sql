-- In publications with column lists and row filters; with dropped columns, odd names.
-- table: pc.items
-- min: 15
-- setup
CREATE SCHEMA pc AUTHORIZATION shape_owner;
CREATE TABLE pc.items (gone text, id integer PRIMARY KEY, "c "",d" text, gone_too integer, v text, n numeric);
ALTER TABLE pc.items DROP COLUMN gone, DROP COLUMN gone_too;
ALTER TABLE pc.items OWNER TO shape_owner;
CREATE TABLE pc.others (id integer PRIMARY KEY, v text);
INSERT INTO pc.items (id, "c "",d", v, n) SELECT i, 'c' || i, 'v', i FROM generate_series(1, 3000) i;
DELETE FROM pc.items WHERE id % 3 <> 0 AND id < 2980;
CREATE PUBLICATION pc_list FOR TABLE pc.items (n, id, "c "",d");
CREATE PUBLICATION pc_where FOR TABLE pc.items WHERE (id > 5 AND id <> ALL ('{7,9}'));
CREATE PUBLICATION pc_both FOR TABLE pc.others, pc.items (id, v) WHERE ("c "",d" IS DISTINCT FROM 'it''s "(x)"' OR n BETWEEN 1 AND 5) WITH (publish = 'insert');
ALTER PUBLICATION pc_list OWNER TO shape_owner;
ALTER PUBLICATION pc_where OWNER TO shape_owner;
ALTER PUBLICATION pc_both OWNER TO shape_owner;
-- workload
UPDATE pc.items SET v = 'w' WHERE id % 9 = 0;
DELETE FROM pc.items WHERE id % 21 = 0;
INSERT INTO pc.items VALUES (10001, 'new', 'new');
-- probe
INSERT INTO pc.items VALUES (20001, 'probe', 'probe');
UPDATE pc.items SET v = 'probe' WHERE id = 300;
CREATE TABLE pc.seen AS SELECT pubname::text, tablename::text, attnames::text[], rowfilter FROM pg_publication_tables;
