-- Two materialized views with indexes of one name, in two schemas, one on top of the other.
-- table: ref.orders
-- refuse: ref.sums other.above both have something called by_customer
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE SCHEMA other;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE MATERIALIZED VIEW ref.sums AS SELECT customer, sum(amount) FROM ref.orders GROUP BY customer;
CREATE MATERIALIZED VIEW other.above AS SELECT * FROM ref.sums;
CREATE INDEX by_customer ON ref.sums (customer);
CREATE INDEX by_customer ON other.above (customer);
