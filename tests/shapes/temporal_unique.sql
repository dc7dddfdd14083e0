-- A plain primary key with UNIQUE … WITHOUT OVERLAPS beside it.
-- table: tmp.prices
-- min: 18
-- setup
CREATE SCHEMA tmp AUTHORIZATION shape_owner;
CREATE EXTENSION btree_gist SCHEMA public;
SET ROLE shape_owner;
CREATE TABLE tmp.prices (
    id integer PRIMARY KEY,
    item integer NOT NULL,
    valid daterange NOT NULL,
    multi datemultirange,
    price numeric(8,2),
    CONSTRAINT prices_item_valid UNIQUE (item, valid WITHOUT OVERLAPS),
    CONSTRAINT prices_multi UNIQUE (item, multi WITHOUT OVERLAPS)
);
COMMENT ON CONSTRAINT prices_item_valid ON tmp.prices IS 'one price at a time';
RESET ROLE;
INSERT INTO tmp.prices SELECT i, i % 50, daterange(date '2020-01-01' + i, date '2020-01-01' + i + 40), datemultirange(daterange(date '2020-01-01' + i, date '2020-01-01' + i + 4)), i FROM generate_series(1, 3000) i;
DELETE FROM tmp.prices WHERE id % 3 <> 0 AND id < 2980;
-- workload
UPDATE tmp.prices SET price = -1, valid = daterange(lower(valid), upper(valid) - 1) WHERE id % 9 = 0;
UPDATE tmp.prices SET id = id + 10000 WHERE id % 60 = 0;
DELETE FROM tmp.prices WHERE id % 33 = 0;
-- probe
INSERT INTO tmp.prices VALUES (30001, 77, '[2020-01-01,2020-02-01)', NULL, 1);
DO $$
BEGIN
    INSERT INTO tmp.prices VALUES (30002, 77, '[2020-01-31,2020-02-03)', NULL, 1);
    RAISE EXCEPTION 'WITHOUT OVERLAPS is gone';
EXCEPTION WHEN exclusion_violation THEN NULL;
END $$;
