-- A constraint trigger from the table on one that is partitioned, with a comment of its own on a partition.
-- table: ref.orders
-- refuse: trigger checked ref.lines_1 differs
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, customer integer, amount numeric);
ALTER TABLE ref.orders OWNER TO shape_owner;
INSERT INTO ref.orders SELECT i, i % 10, i FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE TABLE ref.lines (nr integer, order_id integer) PARTITION BY RANGE (nr);
CREATE TABLE ref.lines_1 PARTITION OF ref.lines FOR VALUES FROM (0) TO (1000);
CREATE FUNCTION ref.check() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END';
CREATE CONSTRAINT TRIGGER checked AFTER INSERT ON ref.lines FROM ref.orders FOR EACH ROW EXECUTE FUNCTION ref.check();
COMMENT ON TRIGGER checked ON ref.lines_1 IS 'of one';
