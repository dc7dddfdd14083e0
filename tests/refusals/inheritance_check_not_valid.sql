-- A child with an inherited constraint that is not valid.
-- table: ref.child
-- refuse: inherited constraint positive ref.child valid
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer, customer integer);
CREATE TABLE ref.child (PRIMARY KEY (id)) INHERITS (ref.orders);
INSERT INTO ref.child SELECT i, i % 10 - 1 FROM generate_series(1, 999) i;
DELETE FROM ref.child WHERE id % 3 <> 0 AND id < 990;
ALTER TABLE ref.orders ADD CONSTRAINT positive CHECK (customer >= 0) NOT VALID;
