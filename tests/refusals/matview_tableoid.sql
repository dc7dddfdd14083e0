-- A materialized view that says where each row is from: it would name the run's schema.
-- table: ref.orders
-- refuse: materialized view ref.origins tableoid
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE MATERIALIZED VIEW ref.origins AS SELECT id, tableoid::regclass::text AS origin FROM ref.orders;
