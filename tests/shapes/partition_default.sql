-- The default partition; siblings come afterwards.
-- table: de.rest
-- setup
CREATE SCHEMA de AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE de.items (id integer, kind text, v text, CONSTRAINT items_key PRIMARY KEY (id)) PARTITION BY RANGE (id);
CREATE TABLE de.items_1 PARTITION OF de.items FOR VALUES FROM (0) TO (100);
CREATE TABLE de.items_2 PARTITION OF de.items FOR VALUES FROM (3000) TO (3100);
CREATE TABLE de.rest PARTITION OF de.items DEFAULT;
CREATE INDEX rest_v ON de.rest (v);
INSERT INTO de.items SELECT i, 'k' || i % 10, 'v' || i FROM generate_series(-100, 3500) i;
DELETE FROM de.items WHERE id % 3 <> 0 AND id < 2900;
RESET ROLE;
-- workload
INSERT INTO de.items VALUES (10001, 'new', 'routed'), (50, 'new', 'elsewhere') ON CONFLICT DO NOTHING;
UPDATE de.items SET v = v || '!' WHERE id % 9 = 0;
UPDATE de.items SET id = id + 20000 WHERE id % 30 = 0;
DELETE FROM de.items WHERE id % 21 = 0;
-- probe
CREATE TABLE de.late PARTITION OF de.items FOR VALUES FROM (100000) TO (100100);
INSERT INTO de.items VALUES (30001, 'probe', 'routed'), (100001, 'probe', 'elsewhere');
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO de.rest VALUES (50)',
        'INSERT INTO de.rest VALUES (100050)',
        'CREATE TABLE de.no PARTITION OF de.items FOR VALUES FROM (30000) TO (30100)'] LOOP
        BEGIN
            EXECUTE bad;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN check_violation THEN NULL;
        END;
    END LOOP;
END $$;
CREATE TABLE de.probe PARTITION OF de.items FOR VALUES FROM (200000) TO (200100);
CREATE TABLE de.seen AS SELECT tableoid::regclass::text AS leaf, * FROM de.items;
