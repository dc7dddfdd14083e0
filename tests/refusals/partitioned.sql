-- A partitioned table.
-- table: ref.orders
-- refuse: partitioned
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer) PARTITION BY RANGE (id);
CREATE TABLE ref.orders_low PARTITION OF ref.orders FOR VALUES FROM (0) TO (1000);
ALTER TABLE ref.orders OWNER TO shape_owner;
