-- A leaf of a partition that is partitioned itself, on three levels with three column orders, beside a default on each level.
-- table: su."leaf 1.2"
-- setup
CREATE SCHEMA su AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE su.items (id integer, d date, kind text, v text, CONSTRAINT items_key PRIMARY KEY (id, d, kind)) PARTITION BY RANGE (d);
CREATE TABLE su.y2020 (kind text NOT NULL, v text, d date NOT NULL, id integer NOT NULL, CONSTRAINT y_check CHECK (id > -1000)) PARTITION BY LIST (kind);
ALTER TABLE su.items ATTACH PARTITION su.y2020 FOR VALUES FROM ('2020-01-01') TO ('2021-01-01');
CREATE TABLE su.items_rest PARTITION OF su.items DEFAULT;
CREATE TABLE su.leaf_a PARTITION OF su.y2020 FOR VALUES IN ('a');
CREATE TABLE su."leaf 1.2" (v text, gone integer, id integer NOT NULL, kind text NOT NULL, d date NOT NULL, CONSTRAINT y_check CHECK (id > -1000));
ALTER TABLE su."leaf 1.2" DROP COLUMN gone;
ALTER TABLE su.y2020 ATTACH PARTITION su."leaf 1.2" FOR VALUES IN ('b', 'c');
CREATE TABLE su.y_rest PARTITION OF su.y2020 DEFAULT;
CREATE INDEX items_v ON su.items (v, kind);
CREATE INDEX y_kind ON su.y2020 (kind DESC);
INSERT INTO su.items SELECT i, date '2019-11-01' + i % 500, (ARRAY['a', 'b', 'c', 'd'])[1 + i % 4], 'v' || i FROM generate_series(1, 6000) i;
DELETE FROM su.items WHERE id % 3 <> 0 AND id < 5900;
RESET ROLE;
-- workload
INSERT INTO su.items VALUES (10001, '2020-05-05', 'b', 'routed'), (10002, '2022-05-05', 'b', 'elsewhere');
INSERT INTO su.y2020 (id, d, kind) VALUES (10003, '2020-05-05', 'c');
UPDATE su.items SET v = v || '!' WHERE id % 9 = 0;
UPDATE su.items SET d = d + 365 WHERE id % 30 = 0;
UPDATE su.items SET kind = 'c' WHERE id % 33 = 0;
DELETE FROM su.y2020 WHERE id % 21 = 0;
-- probe
INSERT INTO su.items VALUES (30001, '2020-05-05', 'b', 'probe');
UPDATE su.items SET kind = 'd' WHERE id = 10001;
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO su."leaf 1.2" (id, d, kind) VALUES (40001, ''2021-05-05'', ''b'')',
        'INSERT INTO su."leaf 1.2" (id, d, kind) VALUES (40001, ''2020-05-05'', ''a'')',
        'INSERT INTO su.items (id, d, kind) VALUES (-4000, ''2020-05-05'', ''b'')'] LOOP
        BEGIN
            EXECUTE bad;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN check_violation THEN NULL;
        END;
    END LOOP;
END $$;
CREATE TABLE su.seen AS SELECT tableoid::regclass::text AS leaf, * FROM su.items;
ALTER TABLE su.items DETACH PARTITION su.y2020;
INSERT INTO su.y2020 (id, d, kind) VALUES (40001, '2021-05-05', 'b');
