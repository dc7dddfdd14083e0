-- A leaf beside a default partition that is too large to be looked through under lock.
-- table: ref.orders_low
-- refuse: default ref.orders_rest under lock
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, note text) PARTITION BY RANGE (id);
CREATE TABLE ref.orders_low PARTITION OF ref.orders FOR VALUES FROM (0) TO (1000);
CREATE TABLE ref.orders_rest PARTITION OF ref.orders DEFAULT;
ALTER TABLE ref.orders_rest ALTER COLUMN note SET STORAGE PLAIN;
INSERT INTO ref.orders SELECT i, 'x' FROM generate_series(1, 999) i;
INSERT INTO ref.orders SELECT i, repeat('x', 4000) FROM generate_series(1001, 3200) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
