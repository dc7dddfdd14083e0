-- A leaf under a partition, whose parent and grandparent are referred to, by tables of other owners and by one that is partitioned on one side only.
-- table: pr.low
-- as: postgres
-- setup
CREATE SCHEMA pr AUTHORIZATION shape_owner;
GRANT USAGE, CREATE ON SCHEMA pr TO shape_other;
SET ROLE shape_owner;
CREATE TABLE pr.orders (id integer, kind text, v text, CONSTRAINT orders_key PRIMARY KEY (id, kind)) PARTITION BY RANGE (id);
CREATE TABLE pr.first PARTITION OF pr.orders FOR VALUES FROM (0) TO (10000) PARTITION BY LIST (kind);
CREATE TABLE pr.low PARTITION OF pr.first FOR VALUES IN ('a', 'b');
CREATE TABLE pr.high PARTITION OF pr.first FOR VALUES IN ('c');
CREATE TABLE pr.second PARTITION OF pr.orders FOR VALUES FROM (10000) TO (20000);
INSERT INTO pr.orders SELECT i, (ARRAY['a', 'b', 'c'])[1 + i % 3], 'v' || i FROM generate_series(1, 3000) i;
INSERT INTO pr.orders SELECT i, 'a' FROM generate_series(10000, 10010) i;
DELETE FROM pr.orders WHERE id % 3 <> 0 AND id % 4 <> 0 AND id < 2900;
GRANT SELECT, REFERENCES ON pr.orders, pr.first TO shape_other;
SET ROLE shape_other;
CREATE TABLE pr.lines (nr integer PRIMARY KEY, id integer, kind text, CONSTRAINT "to ""orders" FOREIGN KEY (id, kind) REFERENCES pr.orders ON DELETE CASCADE ON UPDATE CASCADE);
CREATE TABLE pr.notes (nr integer PRIMARY KEY, id integer, kind text, CONSTRAINT to_first FOREIGN KEY (id, kind) REFERENCES pr.first ON DELETE SET NULL DEFERRABLE);
COMMENT ON CONSTRAINT "to ""orders" ON pr.lines IS 'orders';
INSERT INTO pr.lines SELECT id, id, kind FROM pr.orders WHERE id % 5 = 0;
INSERT INTO pr.notes SELECT id, id, kind FROM pr.first WHERE id % 7 = 0;
RESET ROLE;
REVOKE CREATE ON SCHEMA pr FROM shape_other;
-- workload
INSERT INTO pr.orders VALUES (5001, 'a', 'new');
INSERT INTO pr.lines VALUES (5001, 5001, 'a');
INSERT INTO pr.notes VALUES (5001, 5001, 'a');
DELETE FROM pr.orders WHERE id % 35 = 0 AND id < 1000;
UPDATE pr.lines SET id = 12, kind = 'a' WHERE nr = 1500;
UPDATE pr.orders SET v = v || '!' WHERE id % 9 = 0;
UPDATE pr.orders SET kind = 'b' WHERE id = 12 AND kind = 'a';
-- probe
INSERT INTO pr.orders VALUES (6001, 'b', 'probe');
INSERT INTO pr.lines VALUES (6001, 6001, 'b');
INSERT INTO pr.notes VALUES (6001, 6001, 'b');
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO pr.lines VALUES (7001, 7001, ''a'')',
        'INSERT INTO pr.notes VALUES (7001, 7001, ''a'')',
        'INSERT INTO pr.notes VALUES (7001, 10000, ''a'')',
        'ALTER TABLE pr.first DETACH PARTITION pr.low',
        'ALTER TABLE pr.orders DETACH PARTITION pr.first'] LOOP
        BEGIN
            EXECUTE bad;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN foreign_key_violation THEN NULL;
        END;
    END LOOP;
    ASSERT (SELECT bool_and(convalidated) FROM pg_constraint WHERE contype = 'f' AND conparentid = 0 AND conrelid IN ('pr.lines'::regclass, 'pr.notes'::regclass)), 'not valid';
END $$;
DELETE FROM pr.orders WHERE id IN (6001, 10005);
DO $$
BEGIN
    ASSERT NOT EXISTS (SELECT FROM pr.lines WHERE id = 6001) AND (SELECT id IS NULL FROM pr.notes WHERE nr = 6001), 'actions';
END $$;
