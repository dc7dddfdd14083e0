-- A materialized view whose text comes out another way when it is read again.
-- table: ref.orders
-- refuse: materialized view ref.odd printed differently make it again
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE MATERIALIZED VIEW ref.odd (a, b) AS SELECT id, amount FROM ref.orders UNION ALL VALUES (1, 1), (-1, 2);
