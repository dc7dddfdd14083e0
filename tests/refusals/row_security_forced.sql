-- Row security forced on an owner who has no BYPASSRLS: the copy would miss rows.
-- table: ref.orders
-- refuse: row security bypassrls
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
ALTER TABLE ref.orders ENABLE ROW LEVEL SECURITY;
ALTER TABLE ref.orders FORCE ROW LEVEL SECURITY;
CREATE POLICY orders_few ON ref.orders USING (customer = 1);
