-- A foreign key that is not valid, but that of one partition: added again, neither would be, or both looked at.
-- table: ref.orders
-- min: 18
-- refuse: lines_order_fkey ref.lines_1 valid
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, v text);
INSERT INTO ref.orders SELECT i, 'v' FROM generate_series(1, 1000) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
CREATE TABLE ref.lines (nr integer, order_id integer) PARTITION BY RANGE (nr);
CREATE TABLE ref.lines_1 PARTITION OF ref.lines FOR VALUES FROM (0) TO (1000);
CREATE TABLE ref.lines_2 PARTITION OF ref.lines FOR VALUES FROM (1000) TO (2000);
ALTER TABLE ref.lines ADD CONSTRAINT lines_order_fkey FOREIGN KEY (order_id) REFERENCES ref.orders NOT VALID;
ALTER TABLE ref.lines_1 VALIDATE CONSTRAINT lines_order_fkey;
RESET ROLE;
