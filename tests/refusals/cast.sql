-- A cast from the row type.
-- table: ref.orders
-- refuse: cast orders
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE FUNCTION ref.order_text(ref.orders) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT $1.id::text';
CREATE CAST (ref.orders AS text) WITH FUNCTION ref.order_text(ref.orders);
