-- A leaf with equal indexes that are parts of different indexes of its parent, or of none; their names and ages say nothing.
-- table: tw.leaf
-- setup
CREATE SCHEMA tw AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE tw.items (id integer, a integer, b text) PARTITION BY RANGE (id);
CREATE TABLE tw.leaf (b text, a integer, id integer NOT NULL);
CREATE INDEX z_free ON tw.leaf (a);
ALTER TABLE tw.items ATTACH PARTITION tw.leaf FOR VALUES FROM (0) TO (100000);
ALTER TABLE tw.items ADD CONSTRAINT items_key PRIMARY KEY (id);
CREATE INDEX items_z ON ONLY tw.items (a);
CREATE INDEX items_a ON ONLY tw.items (a);
CREATE INDEX items_down ON ONLY tw.items (a DESC);
CREATE INDEX c_leaf ON tw.leaf (a);
CREATE INDEX a_leaf ON tw.leaf (a);
CREATE INDEX b_leaf ON tw.leaf (a DESC NULLS LAST);
CREATE INDEX a_free ON tw.leaf (a);
ALTER INDEX tw.items_a ATTACH PARTITION tw.b_leaf;
ALTER INDEX tw.items_z ATTACH PARTITION tw.a_leaf;
ALTER INDEX tw.items_down ATTACH PARTITION tw.c_leaf;
CREATE UNIQUE INDEX items_u ON ONLY tw.items (b, id);
CREATE UNIQUE INDEX y_unique ON tw.leaf (b, id);
CREATE UNIQUE INDEX x_unique ON tw.leaf (b, id);
ALTER INDEX tw.items_u ATTACH PARTITION tw.y_unique;
INSERT INTO tw.items SELECT i, i % 100, 'b' || i FROM generate_series(1, 3000) i;
DELETE FROM tw.items WHERE id % 3 <> 0 AND id < 2900;
RESET ROLE;
-- workload
UPDATE tw.items SET a = a + 1 WHERE id % 9 = 0;
-- probe
CREATE TABLE tw.parts AS SELECT inhrelid::regclass::text, inhparent::regclass::text FROM pg_inherits;
CREATE TABLE tw.indexes AS SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'tw.leaf'::regclass;
