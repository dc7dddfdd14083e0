-- Foreign keys that only go together in the order in which they were made: what one cascades the next would forbid.
-- table: fo.parents
-- setup
CREATE SCHEMA fo AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE fo.parents (id integer PRIMARY KEY, boss integer, twin integer);
CREATE TABLE fo.children (nr integer PRIMARY KEY, a integer, b integer);
ALTER TABLE fo.children ADD CONSTRAINT z_first FOREIGN KEY (a) REFERENCES fo.parents ON DELETE CASCADE;
ALTER TABLE fo.children ADD CONSTRAINT a_second FOREIGN KEY (b) REFERENCES fo.parents;
ALTER TABLE fo.parents ADD CONSTRAINT y_first FOREIGN KEY (boss) REFERENCES fo.parents ON DELETE CASCADE;
ALTER TABLE fo.parents ADD CONSTRAINT b_second FOREIGN KEY (twin) REFERENCES fo.parents ON DELETE RESTRICT;
INSERT INTO fo.parents SELECT i FROM generate_series(1, 3000) i;
DELETE FROM fo.parents WHERE id % 3 <> 0 AND id < 2980;
UPDATE fo.parents SET boss = id - 3, twin = id - 3 WHERE id % 6 = 0;
INSERT INTO fo.children SELECT id, id, id FROM fo.parents WHERE id < 600;
RESET ROLE;
-- workload
DELETE FROM fo.parents WHERE id IN (9, 15);
-- probe
DELETE FROM fo.parents WHERE id IN (21, 27);
