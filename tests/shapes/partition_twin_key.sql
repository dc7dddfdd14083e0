-- A leaf whose primary key's index is equal to that of an older index of its parent, and to one of its own.
-- table: tk.low
-- setup
CREATE SCHEMA tk AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE tk.items (id integer NOT NULL, n integer) PARTITION BY RANGE (id);
CREATE TABLE tk.low PARTITION OF tk.items FOR VALUES FROM (0) TO (100000);
CREATE UNIQUE INDEX items_id ON tk.items (id);
ALTER TABLE tk.items ADD PRIMARY KEY (id);
CREATE UNIQUE INDEX a_free ON tk.low (id);
INSERT INTO tk.items SELECT i, i % 10 FROM generate_series(1, 3000) i;
DELETE FROM tk.items WHERE id % 3 <> 0 AND id < 2900;
RESET ROLE;
-- workload
UPDATE tk.items SET id = id + 10000 WHERE id % 9 = 0;
INSERT INTO tk.items VALUES (303, 0) ON CONFLICT (id) DO UPDATE SET n = -1;
-- probe
CREATE TABLE tk.parts AS SELECT inhrelid::regclass::text, inhparent::regclass::text FROM pg_inherits;
CREATE TABLE tk.indexes AS SELECT indexrelid::regclass::text FROM pg_index WHERE indrelid = 'tk.low'::regclass;
