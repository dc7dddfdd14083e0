-- Foreign keys that all cascade, of several tables to one of an owner whom nobody here is a member of: their order changes and does not matter.
-- table: fw.orders
-- as: shape_owner
-- setup
CREATE SCHEMA fw AUTHORIZATION shape_owner;
GRANT CREATE, USAGE ON SCHEMA fw TO shape_other;
SET ROLE shape_other;
CREATE TABLE fw.tenants (id integer PRIMARY KEY);
GRANT SELECT, REFERENCES ON fw.tenants TO shape_owner;
SET ROLE shape_owner;
CREATE TABLE fw.orders (id integer PRIMARY KEY, tenant integer REFERENCES fw.tenants ON DELETE CASCADE);
CREATE TABLE fw.products (id integer PRIMARY KEY, tenant integer REFERENCES fw.tenants ON DELETE CASCADE);
-- Neither takes away what the other looks for: a line's tenant does, before either.
CREATE TABLE fw.lines (
    nr integer PRIMARY KEY,
    tenant integer REFERENCES fw.tenants ON DELETE CASCADE,
    order_id integer REFERENCES fw.orders,
    product integer REFERENCES fw.products
);
-- Stops it either way.
CREATE TABLE fw.invoices (nr integer PRIMARY KEY, tenant integer REFERENCES fw.tenants ON DELETE RESTRICT);
RESET ROLE;
INSERT INTO fw.tenants SELECT i FROM generate_series(0, 99) i;
INSERT INTO fw.products SELECT i, i % 100 FROM generate_series(1, 1000) i;
INSERT INTO fw.orders SELECT i, i % 100 FROM generate_series(1, 3000) i;
DELETE FROM fw.orders WHERE id % 3 <> 0 AND id < 2900;
INSERT INTO fw.lines SELECT id, id % 100, id, id FROM fw.orders WHERE id < 1000;
INSERT INTO fw.invoices VALUES (1, 3);
-- workload
DELETE FROM fw.tenants WHERE id IN (9, 15);
-- probe
DELETE FROM fw.tenants WHERE id IN (21, 27);
DO $$
BEGIN
    DELETE FROM fw.tenants WHERE id = 3;
    RAISE EXCEPTION 'not restricted';
EXCEPTION WHEN foreign_key_violation OR restrict_violation THEN NULL;
END $$;
