-- A materialized view that is called like the table.
-- table: ref.orders
-- refuse: ref.orders other.orders both have something called orders
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE SCHEMA other;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE MATERIALIZED VIEW other.orders AS SELECT customer, sum(amount) FROM ref.orders GROUP BY customer;
