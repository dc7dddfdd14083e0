-- An index that is not valid.
-- table: ref.orders
-- refuse: invalid index orders_broken
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE INDEX orders_broken ON ref.orders (amount);
UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'ref.orders_broken'::regclass;
