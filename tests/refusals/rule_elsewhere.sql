-- A rule on another table writes to the table.
-- table: ref.orders
-- refuse: rule others_too
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE TABLE ref.others (id integer PRIMARY KEY);
CREATE RULE others_too AS ON INSERT TO ref.others DO ALSO INSERT INTO ref.orders (id) VALUES (NEW.id + 100000);
