-- Another table's default is the table itself, as a regclass: rows that took it hold the number of the table.
-- table: ref.orders
-- refuse: default others
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE TABLE ref.others (id integer, source regclass DEFAULT 'ref.orders'::regclass);
INSERT INTO ref.others VALUES (1);
