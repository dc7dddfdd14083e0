-- A leaf of a partitioned table that refers to itself.
-- table: ps.low
-- min: 18
-- setup
CREATE SCHEMA ps AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE ps.orders (id integer PRIMARY KEY, previous integer CONSTRAINT orders_previous REFERENCES ps.orders ON DELETE SET NULL) PARTITION BY RANGE (id);
CREATE TABLE ps.low PARTITION OF ps.orders FOR VALUES FROM (0) TO (10000);
CREATE TABLE ps.high PARTITION OF ps.orders FOR VALUES FROM (10000) TO (20000);
INSERT INTO ps.orders SELECT i, CASE WHEN i > 1 THEN i / 2 END FROM generate_series(1, 3000) i;
INSERT INTO ps.orders SELECT i, i - 9000 FROM generate_series(10000, 10010) i;
DELETE FROM ps.orders WHERE id > 1600 AND id < 2900;
RESET ROLE;
-- workload
INSERT INTO ps.orders VALUES (5001, 10003), (10011, 5001);
DELETE FROM ps.orders WHERE id = 77;
UPDATE ps.orders SET id = 11000 WHERE id = 2950;
-- probe
INSERT INTO ps.orders VALUES (6001, 10003), (10012, 6001);
DELETE FROM ps.orders WHERE id = 6001;
DO $$
BEGIN
    ASSERT (SELECT previous IS NULL FROM ps.high WHERE id = 10012), 'action';
    INSERT INTO ps.orders VALUES (7001, -1);
    RAISE EXCEPTION 'not rejected';
EXCEPTION WHEN foreign_key_violation THEN NULL;
END $$;
