-- A materialized view that also reads another relation with the name of one that is built anew: its copy would read the wrong one.
-- table: ref.orders
-- refuse: materialized view ref.both would not read the same
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE SCHEMA other;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE TABLE ref.sums AS SELECT 1 AS customer, 0::numeric AS sum;
CREATE MATERIALIZED VIEW other.sums AS SELECT customer, sum(amount) FROM ref.orders GROUP BY customer;
CREATE MATERIALIZED VIEW ref.both AS SELECT s.sum FROM other.sums s UNION ALL SELECT sum FROM ref.sums UNION ALL SELECT amount FROM ref.orders;
