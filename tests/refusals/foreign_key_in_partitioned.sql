-- A foreign key of a partitioned table to the table; before PostgreSQL 18 it cannot be made NOT VALID.
-- table: ref.orders
-- max: 17
-- refuse: partitioned lines_order_fkey
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE TABLE ref.lines (nr integer, order_id integer CONSTRAINT lines_order_fkey REFERENCES ref.orders) PARTITION BY RANGE (nr);
CREATE TABLE ref.lines_1 PARTITION OF ref.lines FOR VALUES FROM (0) TO (1000);
ALTER TABLE ref.lines OWNER TO shape_owner;
ALTER TABLE ref.lines_1 OWNER TO shape_owner;
