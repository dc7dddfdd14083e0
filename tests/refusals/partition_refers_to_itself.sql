-- A leaf of a partitioned table that refers to itself; before PostgreSQL 18 that cannot be made NOT VALID.
-- table: ref.orders_low
-- max: 17
-- refuse: partitioned orders_previous
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer PRIMARY KEY, previous integer CONSTRAINT orders_previous REFERENCES ref.orders) PARTITION BY RANGE (id);
CREATE TABLE ref.orders_low PARTITION OF ref.orders FOR VALUES FROM (0) TO (1000);
INSERT INTO ref.orders SELECT i, i / 2 + 1 FROM generate_series(1, 999) i;
