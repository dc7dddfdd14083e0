-- Only a unique index on a column whose NOT NULL is NOT VALID.
-- table: ref.orders
-- min: 18
-- refuse: key
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
CREATE UNIQUE INDEX orders_unique ON ref.orders (id);
INSERT INTO ref.orders VALUES (NULL, 1, 1);
ALTER TABLE ref.orders ADD CONSTRAINT orders_id_filled NOT NULL id NOT VALID;
