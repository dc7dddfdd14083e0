-- A partition of a table that foreign keys refer to: it cannot be detached.
-- table: ref.orders_low
-- refuse: partition foreign key
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer) PARTITION BY RANGE (id);
CREATE TABLE ref.orders_low PARTITION OF ref.orders FOR VALUES FROM (0) TO (1000);
ALTER TABLE ref.orders OWNER TO shape_owner;
ALTER TABLE ref.orders_low OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10 FROM generate_series(1, 999) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE TABLE ref.lines (nr integer PRIMARY KEY, order_id integer CONSTRAINT lines_order_fkey REFERENCES ref.orders);
INSERT INTO ref.lines SELECT i, i * 3 FROM generate_series(1, 300) i;
