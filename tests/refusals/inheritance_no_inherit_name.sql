-- A child with a check called like one of the table's that is NO INHERIT: PostgreSQL would not let it leave.
-- table: ref.orders
-- max: 17
-- refuse: constraint positive ref.child no inherit rename
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, CONSTRAINT positive CHECK (customer > -1) NO INHERIT);
CREATE TABLE ref.child (id integer NOT NULL, customer integer, CONSTRAINT positive CHECK (customer > -1));
ALTER TABLE ref.child INHERIT ref.orders;
INSERT INTO ref.orders SELECT i, i % 10 FROM generate_series(1, 999) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
