-- A large leaf by hash of text: its bound is never found to be implied by a CHECK.
-- table: ref.orders_0
-- refuse: hash collation under lock
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (code text PRIMARY KEY, note text) PARTITION BY HASH (code);
CREATE TABLE ref.orders_0 PARTITION OF ref.orders FOR VALUES WITH (MODULUS 1, REMAINDER 0);
ALTER TABLE ref.orders_0 ALTER COLUMN note SET STORAGE PLAIN;
INSERT INTO ref.orders SELECT 'c' || i, repeat('x', 4000) FROM generate_series(1, 3000) i;
