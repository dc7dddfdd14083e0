-- A foreign key to the table.
-- table: ref.orders
-- refuse: foreign key lines_order_fkey
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE TABLE ref.lines (nr integer PRIMARY KEY, order_id integer CONSTRAINT lines_order_fkey REFERENCES ref.orders ON DELETE CASCADE);
