-- A leaf beside a default partition with many rows, which ATTACH would have to look through.
-- table: bd.leaf
-- setup
CREATE SCHEMA bd AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE bd.items (id integer, kind character varying(10), v text, CONSTRAINT items_key PRIMARY KEY (id, kind)) PARTITION BY LIST (kind);
CREATE TABLE bd.leaf PARTITION OF bd.items FOR VALUES IN ('one', 'two');
CREATE TABLE bd.rest PARTITION OF bd.items DEFAULT;
INSERT INTO bd.items SELECT i, (ARRAY['one', 'two', 'three', 'four'])[1 + i % 4], 'v' || i FROM generate_series(1, 5000) i;
DELETE FROM bd.items WHERE id % 3 <> 0 AND id < 4900;
RESET ROLE;
-- workload
INSERT INTO bd.items VALUES (10001, 'one', 'routed'), (10002, 'five', 'elsewhere');
UPDATE bd.items SET v = v || '!' WHERE id % 9 = 0;
UPDATE bd.items SET kind = 'five' WHERE id % 30 = 0;
UPDATE bd.items SET kind = 'two' WHERE id % 33 = 0;
DELETE FROM bd.items WHERE id % 21 = 0;
-- probe
INSERT INTO bd.items VALUES (30001, 'two', 'probe'), (30002, 'six', 'probe');
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO bd.rest VALUES (40001, ''one'')',
        'INSERT INTO bd.leaf VALUES (40001, ''five'')'] LOOP
        BEGIN
            EXECUTE bad;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN check_violation THEN NULL;
        END;
    END LOOP;
    ASSERT NOT EXISTS (SELECT FROM pg_constraint WHERE conrelid = 'bd.rest'::regclass AND contype = 'c'), 'a constraint was left on the default partition';
END $$;
CREATE TABLE bd.seen AS SELECT tableoid::regclass::text AS leaf, * FROM bd.items;
