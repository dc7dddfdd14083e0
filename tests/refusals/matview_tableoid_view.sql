-- The same by way of a view, and on another materialized view.
-- table: ref.orders
-- refuse: materialized view ref.origins tableoid ref.above
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE MATERIALIZED VIEW ref.plain AS SELECT id FROM ref.orders;
CREATE MATERIALIZED VIEW ref.above AS SELECT count(DISTINCT tableoid) FROM ref.plain;
CREATE VIEW ref.labelled AS SELECT id, tableoid::regclass AS origin FROM ref.orders;
CREATE VIEW ref.twice AS SELECT * FROM ref.labelled;
CREATE MATERIALIZED VIEW ref.origins AS SELECT * FROM ref.twice;
