-- A materialized view over a table with children, whose rows the shadow has not got.
-- table: ref.orders
-- refuse: materialized view ref.sums child
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE TABLE ref.more () INHERITS (ref.orders);
INSERT INTO ref.more VALUES (5000, 1, 1);
CREATE MATERIALIZED VIEW ref.sums AS SELECT customer, sum(amount) FROM ref.orders GROUP BY customer;
