-- A foreign key that cascades before another does, with a third table that is only let go in this order; and nobody here may keep it.
-- table: ref.orders
-- as: shape_owner
-- refuse: orders_tenant reviews_tenant shape_other ref.tenants
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
GRANT CREATE, USAGE ON SCHEMA ref TO shape_other;
SET ROLE shape_other;
CREATE TABLE ref.tenants (id integer PRIMARY KEY);
GRANT REFERENCES ON ref.tenants TO shape_owner;
RESET ROLE;
INSERT INTO ref.tenants SELECT i FROM generate_series(0, 9) i;
SET ROLE shape_owner;
ALTER TABLE ref.orders ADD CONSTRAINT orders_tenant FOREIGN KEY (customer) REFERENCES ref.tenants ON DELETE CASCADE;
CREATE TABLE ref.reviews (id integer PRIMARY KEY, tenant integer CONSTRAINT reviews_tenant REFERENCES ref.tenants ON DELETE CASCADE);
CREATE TABLE ref.lines (nr integer, order_id integer REFERENCES ref.orders ON DELETE CASCADE, review integer REFERENCES ref.reviews);
RESET ROLE;
