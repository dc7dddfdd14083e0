-- A leaf that is referred to directly and by way of its parent: what the one deletes the next would look for.
-- table: fp.low
-- setup
CREATE SCHEMA fp AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE fp.orders (id integer PRIMARY KEY, v text) PARTITION BY RANGE (id);
CREATE TABLE fp.low PARTITION OF fp.orders FOR VALUES FROM (0) TO (10000);
CREATE TABLE fp.high PARTITION OF fp.orders FOR VALUES FROM (10000) TO (20000);
CREATE TABLE fp.first (id integer PRIMARY KEY, order_id integer);
CREATE TABLE fp.lines (id integer PRIMARY KEY, order_id integer REFERENCES fp.orders ON DELETE CASCADE);
CREATE TABLE fp.notes (id integer PRIMARY KEY, order_id integer REFERENCES fp.low ON DELETE CASCADE);
CREATE TABLE fp.last (id integer PRIMARY KEY, order_id integer REFERENCES fp.orders ON DELETE CASCADE);
ALTER TABLE fp.first ADD FOREIGN KEY (order_id) REFERENCES fp.low ON DELETE SET NULL;
-- Deleting an order works because its lines go before its notes, and these before the last.
CREATE TABLE fp.both (line integer REFERENCES fp.lines ON DELETE CASCADE, note integer REFERENCES fp.notes);
CREATE TABLE fp.more (note integer REFERENCES fp.notes ON DELETE CASCADE, last integer REFERENCES fp.last);
INSERT INTO fp.orders SELECT i, 'v' || i FROM generate_series(1, 3000) i;
DELETE FROM fp.orders WHERE id % 3 <> 0 AND id < 2900;
INSERT INTO fp.lines SELECT id, id FROM fp.orders WHERE id < 1000;
INSERT INTO fp.notes SELECT id, id FROM fp.orders WHERE id < 1000;
INSERT INTO fp.last SELECT id, id FROM fp.orders WHERE id < 1000;
INSERT INTO fp.both SELECT id, id FROM fp.lines;
INSERT INTO fp.more SELECT id, id FROM fp.lines;
RESET ROLE;
-- workload
DELETE FROM fp.orders WHERE id IN (9, 15);
-- probe
DELETE FROM fp.orders WHERE id IN (21, 27);
DO $$
DECLARE
    ranks text[];
BEGIN
    SELECT array_agg(conrelid::regclass::text ORDER BY tgname COLLATE "C") INTO ranks
    FROM pg_trigger g JOIN pg_constraint k ON k.oid = g.tgconstraint
    WHERE g.tgrelid = 'fp.low'::regclass AND g.tgtype & 8 <> 0 AND k.contype = 'f';
    ASSERT ranks = '{fp.lines,fp.notes,fp.last,fp.first}', ranks;
END $$;
