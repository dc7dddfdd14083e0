-- A leaf whose parent and siblings belong to another owner.
-- table: oo.leaf
-- as: postgres
-- setup
CREATE SCHEMA oo AUTHORIZATION shape_owner;
CREATE TABLE oo.items (id integer PRIMARY KEY, v text) PARTITION BY RANGE (id);
CREATE TABLE oo.leaf PARTITION OF oo.items FOR VALUES FROM (0) TO (100000);
CREATE TABLE oo.sibling PARTITION OF oo.items FOR VALUES FROM (100000) TO (200000);
CREATE INDEX items_v ON oo.items (v);
ALTER TABLE oo.items OWNER TO shape_other;
ALTER TABLE oo.leaf OWNER TO shape_owner;
INSERT INTO oo.items SELECT i, 'v' || i FROM generate_series(1, 3000) i;
DELETE FROM oo.items WHERE id % 3 <> 0 AND id < 2900;
-- workload
INSERT INTO oo.items VALUES (10001, 'new');
DELETE FROM oo.items WHERE id % 21 = 0;
-- probe
INSERT INTO oo.items VALUES (20001, 'probe');
CREATE TABLE oo.seen AS SELECT relname::text, pg_get_userbyid(relowner)::text FROM pg_class WHERE relnamespace = 'oo'::regnamespace AND relkind <> 't';
