-- A leaf by hash of two columns, whose siblings have another modulus.
-- table: ha.items_1
-- setup
CREATE SCHEMA ha AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE ha.items (id bigint, code text, v text, CONSTRAINT items_key PRIMARY KEY (code, id)) PARTITION BY HASH (id, code);
CREATE TABLE ha.items_0 PARTITION OF ha.items FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE ha.items_1 PARTITION OF ha.items FOR VALUES WITH (MODULUS 4, REMAINDER 1);
CREATE TABLE ha.items_3 PARTITION OF ha.items FOR VALUES WITH (MODULUS 4, REMAINDER 3);
INSERT INTO ha.items SELECT i, 'c' || i % 10, 'v' || i FROM generate_series(1, 8000) i;
DELETE FROM ha.items WHERE id % 3 <> 0 AND id < 7900;
RESET ROLE;
-- workload
INSERT INTO ha.items SELECT i, 'new', 'routed' FROM generate_series(10001, 10100) i;
UPDATE ha.items SET v = v || '!' WHERE id % 9 = 0;
UPDATE ha.items SET id = id + 20000 WHERE id % 30 = 0;
DELETE FROM ha.items WHERE id % 21 = 0;
-- probe
INSERT INTO ha.items SELECT i, 'probe', 'routed' FROM generate_series(30001, 30100) i;
DO $$
DECLARE
    i integer;
BEGIN
    SELECT id INTO i FROM ha.items_0 WHERE code = 'probe' LIMIT 1;
    INSERT INTO ha.items_1 VALUES (i, 'probe', 'x');
    RAISE EXCEPTION 'not rejected';
EXCEPTION WHEN check_violation THEN NULL;
END $$;
CREATE TABLE ha.seen AS SELECT tableoid::regclass::text AS leaf, * FROM ha.items;
