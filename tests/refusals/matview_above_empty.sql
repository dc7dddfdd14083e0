-- A materialized view with data on one that was emptied: it could not be filled.
-- table: ref.orders
-- refuse: materialized view ref.above could not be filled REFRESH ref.sums
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE MATERIALIZED VIEW ref.sums AS SELECT customer, sum(amount) FROM ref.orders GROUP BY customer;
CREATE MATERIALIZED VIEW ref.above AS SELECT * FROM ref.sums;
REFRESH MATERIALIZED VIEW ref.sums WITH NO DATA;
