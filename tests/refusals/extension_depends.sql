-- An index of the table is marked to go with an extension.
-- table: ref.orders
-- refuse: extension citext
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE EXTENSION citext SCHEMA public;
CREATE INDEX orders_amount ON ref.orders (amount);
ALTER INDEX ref.orders_amount DEPENDS ON EXTENSION citext;
