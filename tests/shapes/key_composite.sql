-- Key of a composite type, with NULLs inside and parts equal but not the same.
-- table: key_composite.rows
-- setup
CREATE SCHEMA key_composite AUTHORIZATION shape_owner;
CREATE TYPE key_composite.pair AS (a numeric, b text);
ALTER TYPE key_composite.pair OWNER TO shape_owner;
SET ROLE shape_owner;
CREATE TABLE key_composite.rows (
    n integer NOT NULL,
    k key_composite.pair NOT NULL,
    v text,
    CONSTRAINT rows_pkey PRIMARY KEY (k)
);
CREATE INDEX rows_n ON key_composite.rows (n);
RESET ROLE;
INSERT INTO key_composite.rows (n, k, v) SELECT i, ROW(i / 10.0, CASE WHEN i % 6 > 0 THEN 'x' || i END)::key_composite.pair, md5(i::text) FROM generate_series(1, 5000) i;
DELETE FROM key_composite.rows WHERE n % 3 <> 0 AND n < 4980;
INSERT INTO key_composite.rows (n, k, v) VALUES (40001, ROW(NULL, NULL)::key_composite.pair, 'special');
-- workload
UPDATE key_composite.rows SET v = 'changed' WHERE n % 15 = 0;
UPDATE key_composite.rows SET k.a = ((k).a)::numeric(20,6) WHERE n % 9 = 0;
UPDATE key_composite.rows SET k.b = 'y' WHERE n % 12 = 0;
DELETE FROM key_composite.rows WHERE n % 33 = 0;
INSERT INTO key_composite.rows (n, k, v) SELECT i, ROW(i / 10.0, CASE WHEN i % 6 > 0 THEN 'x' || i END)::key_composite.pair, 'new' FROM generate_series(10001, 10100) i;
BEGIN;
UPDATE key_composite.rows SET v = 'in a transaction' WHERE n % 21 = 0;
SAVEPOINT one;
DELETE FROM key_composite.rows;
ROLLBACK TO SAVEPOINT one;
COMMIT;
-- probe
INSERT INTO key_composite.rows (n, k, v) SELECT i, ROW(i / 10.0, CASE WHEN i % 6 > 0 THEN 'x' || i END)::key_composite.pair, 'probe' FROM generate_series(20001, 20003) i;
DO $$
BEGIN
    INSERT INTO key_composite.rows (n, k) VALUES (30001, ROW(0.3000, 'x3')::key_composite.pair);
    RAISE EXCEPTION 'the key is not unique any more';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
