-- A foreign key to a table whose owner may not see all rows of it could not be validated again.
-- table: ref.lines
-- as: shape_owner
-- refuse: foreign key lines_order_fkey row security forced bypassrls
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer);
CREATE TABLE ref.lines (id integer PRIMARY KEY, "order" integer REFERENCES ref.orders);
INSERT INTO ref.orders SELECT i, i % 3 FROM generate_series(1, 100) i;
INSERT INTO ref.lines SELECT i, i % 100 + 1 FROM generate_series(1, 1000) i;
ALTER TABLE ref.orders ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY;
CREATE POLICY few ON ref.orders USING (customer = 1);
RESET ROLE;
