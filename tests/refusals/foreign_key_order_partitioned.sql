-- The same where what is referred to is partitioned, and the order that of each partition's triggers.
-- table: ref.orders
-- refuse: orders_tenant reviews_tenant before partitioned
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE ref.tenants (id integer PRIMARY KEY) PARTITION BY RANGE (id);
CREATE TABLE ref.tenants_1 PARTITION OF ref.tenants FOR VALUES FROM (0) TO (5);
CREATE TABLE ref.tenants_2 PARTITION OF ref.tenants FOR VALUES FROM (5) TO (10);
INSERT INTO ref.tenants SELECT i FROM generate_series(0, 9) i;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer CONSTRAINT orders_tenant REFERENCES ref.tenants ON DELETE CASCADE);
INSERT INTO ref.orders SELECT i, i % 10 FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE TABLE ref.reviews (id integer PRIMARY KEY, tenant integer CONSTRAINT reviews_tenant REFERENCES ref.tenants ON DELETE CASCADE);
CREATE TABLE ref.lines (nr integer, order_id integer REFERENCES ref.orders ON DELETE CASCADE, review integer REFERENCES ref.reviews);
RESET ROLE;
