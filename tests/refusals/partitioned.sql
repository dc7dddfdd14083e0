-- A partitioned table without partitions. With partitions, its name stands for all of them.
-- table: ref.orders
-- refuse: partitioned without partitions
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer) PARTITION BY RANGE (id);
ALTER TABLE ref.orders OWNER TO shape_owner;
