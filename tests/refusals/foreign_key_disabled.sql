-- A foreign key to the table whose own triggers were switched off, which pg_dump does not show.
-- table: ref.orders
-- refuse: lines_order_fkey disabled
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE TABLE ref.lines (nr integer, order_id integer CONSTRAINT lines_order_fkey REFERENCES ref.orders);
ALTER TABLE ref.lines DISABLE TRIGGER ALL;
