-- A foreign key from the table.
-- table: ref.orders
-- refuse: foreign key orders_customer_fkey
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE TABLE ref.customers (id integer PRIMARY KEY);
INSERT INTO ref.customers SELECT generate_series(0, 9);
ALTER TABLE ref.orders ADD CONSTRAINT orders_customer_fkey FOREIGN KEY (customer) REFERENCES ref.customers;
