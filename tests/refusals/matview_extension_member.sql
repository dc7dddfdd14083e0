-- A materialized view that is a member of an extension.
-- table: ref.orders
-- refuse: materialized view ref.sums with extension citext
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE MATERIALIZED VIEW ref.sums AS SELECT customer, sum(amount) FROM ref.orders GROUP BY customer;
CREATE EXTENSION citext SCHEMA public;
ALTER EXTENSION citext ADD MATERIALIZED VIEW ref.sums;
