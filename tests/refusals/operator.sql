-- An operator on the row type.
-- table: ref.orders
-- refuse: operator ===
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE FUNCTION ref.order_same(ref.orders, ref.orders) RETURNS boolean LANGUAGE sql IMMUTABLE AS 'SELECT $1.id = $2.id';
CREATE OPERATOR ref.=== (LEFTARG = ref.orders, RIGHTARG = ref.orders, FUNCTION = ref.order_same);
