-- Views on a table with dropped, renamed, retyped and late columns; column aliases that only exist because of these changes.
-- table: vx.items
-- setup
CREATE SCHEMA vx AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE vx.items (gone1 text, id integer PRIMARY KEY, a text, gone2 integer, b integer, c text, gone3 text);
CREATE TABLE vx.more (id integer PRIMARY KEY, b integer, z text);
ALTER TABLE vx.items DROP COLUMN gone1;
INSERT INTO vx.items SELECT i, 'a' || i, 2, i % 10, 'c' FROM generate_series(1, 3000) i;
INSERT INTO vx.more SELECT i, i % 10, 'z' || i FROM generate_series(1, 3000) i;
DELETE FROM vx.items WHERE id % 3 <> 0 AND id < 2980;
ALTER TABLE vx.items DROP COLUMN gone3;
CREATE VIEW vx.starred AS SELECT * FROM (SELECT id, a, b, c FROM vx.items) s;
CREATE VIEW vx.renamed AS SELECT a, b AS bb, items.c FROM vx.items;
CREATE VIEW vx.joined AS SELECT * FROM (SELECT id, a, b FROM vx.items) i JOIN vx.more USING (id, b);
CREATE VIEW vx.using_it AS SELECT id, b, items.a, more.z FROM vx.items JOIN vx.more USING (id, b);
CREATE VIEW vx.listed AS SELECT x.one, x.two FROM vx.items x (one, two);
CREATE VIEW vx.left_join AS SELECT m.z, i.* FROM vx.more m LEFT JOIN vx.items AS i (k1, k2) ON i.k1 = m.id WHERE false;
DROP VIEW vx.left_join;
ALTER TABLE vx.items DROP COLUMN gone2;
CREATE VIEW vx.left_join AS SELECT m.z, i.* FROM vx.more m LEFT JOIN vx.items AS i (k1, k2) ON i.k1 = m.id;
ALTER TABLE vx.items RENAME COLUMN a TO a_renamed;
ALTER TABLE vx.items RENAME COLUMN b TO b_renamed;
ALTER TABLE vx.items ADD COLUMN b text DEFAULT 'a new b';
ALTER TABLE vx.items ADD COLUMN z text DEFAULT 'a new z';
ALTER TABLE vx.more ADD COLUMN a_renamed text DEFAULT 'clash';
ALTER VIEW vx.renamed RENAME COLUMN bb TO bbb;
ALTER VIEW vx.starred RENAME TO starred_renamed;
CREATE VIEW vx.late AS SELECT id, b, z FROM vx.items;
CREATE OR REPLACE VIEW vx.late AS SELECT id, b, z, b_renamed AS added FROM vx.items;
RESET ROLE;
-- workload
UPDATE vx.renamed SET bbb = bbb + 1 WHERE bbb = 3;
DELETE FROM vx.items WHERE id % 21 = 0;
INSERT INTO vx.late VALUES (10001, 'b', 'z', 3);
-- probe
INSERT INTO vx.late VALUES (20001, 'b', 'z', 3);
UPDATE vx.renamed SET c = 'probe' WHERE bbb = 7;
ALTER TABLE vx.items ADD COLUMN probe text DEFAULT 'p';
CREATE TABLE vx.seen_1 AS SELECT * FROM vx.starred_renamed;
CREATE TABLE vx.seen_2 AS SELECT * FROM vx.renamed;
CREATE TABLE vx.seen_3 AS SELECT * FROM vx.joined;
CREATE TABLE vx.seen_4 AS SELECT * FROM vx.using_it;
CREATE TABLE vx.seen_5 AS SELECT * FROM vx.listed;
CREATE TABLE vx.seen_6 AS SELECT * FROM vx.left_join;
