-- A leaf whose primary key is its part in a unique constraint of its parent; from 17 on ATTACH PARTITION does not take it.
-- table: pk.low
-- max: 16
-- setup
CREATE SCHEMA pk AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE pk.items (id integer NOT NULL, n integer) PARTITION BY RANGE (id);
CREATE TABLE pk.low (id integer CONSTRAINT low_key PRIMARY KEY, n integer);
ALTER TABLE pk.items ATTACH PARTITION pk.low FOR VALUES FROM (0) TO (100000);
ALTER TABLE pk.items ADD CONSTRAINT items_id UNIQUE (id);
INSERT INTO pk.items SELECT i, i % 10 FROM generate_series(1, 3000) i;
DELETE FROM pk.items WHERE id % 3 <> 0 AND id < 2900;
RESET ROLE;
-- workload
UPDATE pk.items SET id = id + 10000 WHERE id % 9 = 0;
-- probe
INSERT INTO pk.items VALUES (303, 0) ON CONFLICT (id) DO UPDATE SET n = -1;
CREATE TABLE pk.parts AS SELECT inhrelid::regclass::text, inhparent::regclass::text FROM pg_inherits;
