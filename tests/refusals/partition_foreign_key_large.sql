-- A leaf that is too large to be looked through under lock for its parent's foreign key.
-- table: ref.orders_low
-- max: 17
-- refuse: foreign key orders_low_customer_fkey parent under lock
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.customers (id integer PRIMARY KEY);
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, note text) PARTITION BY RANGE (id);
CREATE TABLE ref.orders_low (id integer NOT NULL, customer integer CONSTRAINT orders_low_customer_fkey REFERENCES ref.customers, note text);
ALTER TABLE ref.orders ADD CONSTRAINT orders_customer FOREIGN KEY (customer) REFERENCES ref.customers;
ALTER TABLE ref.orders ATTACH PARTITION ref.orders_low FOR VALUES FROM (0) TO (10000);
ALTER TABLE ref.orders_low ALTER COLUMN note SET STORAGE PLAIN;
INSERT INTO ref.customers SELECT generate_series(0, 9);
INSERT INTO ref.orders SELECT i, i % 10, repeat('x', 4000) FROM generate_series(1, 3000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 1000;
