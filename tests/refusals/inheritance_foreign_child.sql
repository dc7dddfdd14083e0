-- A parent of a foreign table, which cannot be locked.
-- table: ref.orders
-- refuse: foreign ref.far child
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer);
CREATE FOREIGN DATA WRAPPER nothing;
CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing;
CREATE FOREIGN TABLE ref.far () INHERITS (ref.orders) SERVER nowhere;
INSERT INTO ref.orders SELECT i, i % 10 FROM generate_series(1, 999) i;
DELETE FROM ONLY ref.orders WHERE id % 3 <> 0 AND id < 990;
