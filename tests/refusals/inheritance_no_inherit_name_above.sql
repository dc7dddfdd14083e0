-- The same where the table is the child.
-- table: ref.child
-- max: 17
-- refuse: constraint positive ref.child no inherit ref.orders
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer, customer integer, CONSTRAINT positive CHECK (customer > -1) NO INHERIT);
CREATE TABLE ref.child (id integer PRIMARY KEY, customer integer, CONSTRAINT positive CHECK (customer > -1));
ALTER TABLE ref.child INHERIT ref.orders;
INSERT INTO ref.child SELECT i, i % 10 FROM generate_series(1, 999) i;
DELETE FROM ref.child WHERE id % 3 <> 0 AND id < 990;
