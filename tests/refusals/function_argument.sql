-- A function that takes a row of the table.
-- table: ref.orders
-- refuse: function order_tax
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE FUNCTION ref.order_tax(ref.orders) RETURNS numeric LANGUAGE sql IMMUTABLE AS 'SELECT $1.amount * 0.2';
