-- A foreign key of the table's parent, taken off and added again because the table is large, of which a trigger is of another state on the partition beside it.
-- table: ref.orders_1
-- min: 18
-- refuse: orders_customer_fkey ref.orders always ref.orders_2
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE ref.customers (id integer PRIMARY KEY);
INSERT INTO ref.customers SELECT i FROM generate_series(0, 9) i;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer CONSTRAINT orders_customer_fkey REFERENCES ref.customers, filler text) PARTITION BY RANGE (id);
CREATE TABLE ref.orders_1 PARTITION OF ref.orders FOR VALUES FROM (0) TO (50000);
CREATE TABLE ref.orders_2 PARTITION OF ref.orders FOR VALUES FROM (50000) TO (100000);
ALTER TABLE ref.orders_1 ALTER COLUMN filler SET STORAGE PLAIN;
INSERT INTO ref.orders SELECT i, i % 10, repeat('x', 1500) FROM generate_series(1, 8000) i;
ANALYZE ref.orders_1;
RESET ROLE;
DO $$
DECLARE
    name text;
BEGIN
    SELECT tgname INTO name FROM pg_trigger WHERE tgrelid = 'ref.orders_2'::regclass AND tgisinternal LIMIT 1;
    EXECUTE format('ALTER TABLE ref.orders_2 ENABLE ALWAYS TRIGGER %I', name);
END $$;
