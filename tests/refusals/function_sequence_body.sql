-- A function with an SQL body that reads the identity sequence as a relation.
-- table: ref.orders
-- refuse: function last_order
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
ALTER TABLE ref.orders ALTER COLUMN id ADD GENERATED ALWAYS AS IDENTITY (SEQUENCE NAME ref.orders_ident);
CREATE FUNCTION ref.last_order() RETURNS bigint LANGUAGE sql BEGIN ATOMIC SELECT last_value FROM ref.orders_ident; END;
