-- A foreign key to the table's parent, of which a trigger was switched off on the partition beside it: it would be on afterwards.
-- table: ref.orders_1
-- refuse: lines_order_fkey ref.lines disabled ref.orders_2
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, v text) PARTITION BY RANGE (id);
CREATE TABLE ref.orders_1 PARTITION OF ref.orders FOR VALUES FROM (0) TO (5000);
CREATE TABLE ref.orders_2 PARTITION OF ref.orders FOR VALUES FROM (5000) TO (10000);
INSERT INTO ref.orders SELECT i, 'v' FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE TABLE ref.lines (nr integer, order_id integer CONSTRAINT lines_order_fkey REFERENCES ref.orders);
RESET ROLE;
ALTER TABLE ref.orders_2 DISABLE TRIGGER ALL;
