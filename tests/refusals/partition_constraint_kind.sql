-- A leaf whose primary key is its part in a unique constraint of its parent, as adding that took it; ATTACH PARTITION would not.
-- table: ref.orders_low
-- min: 17
-- refuse: primary key orders_low_pkey part unique constraint orders_id
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer NOT NULL, customer integer) PARTITION BY RANGE (id);
CREATE TABLE ref.orders_low (id integer CONSTRAINT orders_low_pkey PRIMARY KEY, customer integer);
ALTER TABLE ref.orders ATTACH PARTITION ref.orders_low FOR VALUES FROM (0) TO (1000);
ALTER TABLE ref.orders ADD CONSTRAINT orders_id UNIQUE (id);
INSERT INTO ref.orders SELECT i, i % 10 FROM generate_series(1, 999) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
