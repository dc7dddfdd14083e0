-- Only a deferrable unique constraint.
-- table: ref.orders
-- refuse: key
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer NOT NULL, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
ALTER TABLE ref.orders ADD CONSTRAINT orders_later UNIQUE (id) DEFERRABLE;
