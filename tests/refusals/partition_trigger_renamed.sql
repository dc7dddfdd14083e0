-- A leaf whose trigger has another name than its parent's, as PostgreSQL 14 allows.
-- table: ref.orders_low
-- max: 14
-- refuse: trigger another called noted
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer) PARTITION BY RANGE (id);
CREATE TABLE ref.orders_low PARTITION OF ref.orders FOR VALUES FROM (0) TO (1000);
CREATE FUNCTION ref.note() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE TRIGGER noted AFTER DELETE ON ref.orders FOR EACH ROW EXECUTE FUNCTION ref.note();
ALTER TRIGGER noted ON ref.orders_low RENAME TO another;
INSERT INTO ref.orders SELECT i, i % 10 FROM generate_series(1, 999) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
