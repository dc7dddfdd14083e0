-- Only a unique index on a column that may be NULL.
-- table: ref.orders
-- refuse: key
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
CREATE UNIQUE INDEX orders_nullable ON ref.orders (id);
