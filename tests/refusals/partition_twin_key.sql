-- A leaf whose key's index is equal to that of an older index of the parent, which is deferrable and so no key.
-- table: ref.orders_low
-- refuse: index orders_low_pkey equal older
-- setup
CREATE SCHEMA ref AUTHORIZATION shape_owner;
CREATE TABLE ref.orders (id integer NOT NULL, customer integer) PARTITION BY RANGE (id);
CREATE TABLE ref.orders_low PARTITION OF ref.orders FOR VALUES FROM (0) TO (1000);
ALTER TABLE ref.orders ADD CONSTRAINT orders_id UNIQUE (id) DEFERRABLE;
ALTER TABLE ref.orders ADD PRIMARY KEY (id);
INSERT INTO ref.orders SELECT i, i % 10 FROM generate_series(1, 999) i;
DELETE FROM ref.orders WHERE id % 3 <> 0 AND id < 990;
