-- The table is in a publication with a column list and a row filter.
-- table: ref.orders
-- min: 15
-- refuse: publication orders_some
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE PUBLICATION orders_some FOR TABLE ref.orders (id, amount) WHERE (id > 5);
