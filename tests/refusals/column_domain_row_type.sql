-- A domain over the row type, and a column of it.
-- table: ref.orders
-- refuse: domain order_domain
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE DOMAIN ref.order_domain AS ref.orders;
CREATE TABLE ref.boxed (id integer, o ref.order_domain);
