-- A parent whose child has a parent after it: the child would come to have them the other way round.
-- table: ref.orders
-- refuse: child ref.child ref.more
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer);
CREATE TABLE ref.more (note text);
CREATE TABLE ref.child () INHERITS (ref.orders, ref.more);
INSERT INTO ref.orders SELECT i, i % 10 FROM generate_series(1, 999) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
