-- A leaf without a part in an index of its parent, which ATTACH PARTITION would build.
-- table: ref.orders_low
-- refuse: index ref.orders_only parent
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer) PARTITION BY RANGE (id);
CREATE TABLE ref.orders_low PARTITION OF ref.orders FOR VALUES FROM (0) TO (1000);
CREATE INDEX orders_only ON ONLY ref.orders (customer);
INSERT INTO ref.orders SELECT i, i % 10 FROM generate_series(1, 999) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
