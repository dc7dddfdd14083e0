-- A rewrite rule.
-- table: ref.orders
-- refuse: rule orders_quiet
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE RULE orders_quiet AS ON DELETE TO ref.orders WHERE OLD.amount > 100000 DO INSTEAD NOTHING;
