-- A materialized view with a column of the table's row type.
-- table: ref.orders
-- refuse: column o of materialized view ref.whole
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE MATERIALIZED VIEW ref.whole AS SELECT o FROM ref.orders o;
