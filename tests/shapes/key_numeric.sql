-- Numeric key: 1.0 and 1.00 are the same key and different rows; NaN and the infinities.
-- table: key_numeric.rows
-- setup
CREATE SCHEMA key_numeric AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE key_numeric.rows (
    n integer NOT NULL,
    k numeric NOT NULL,
    v text,
    CONSTRAINT rows_pkey PRIMARY KEY (k)
);
CREATE INDEX rows_n ON key_numeric.rows (n);
RESET ROLE;
INSERT INTO key_numeric.rows (n, k, v) SELECT i, i / 10.0, md5(i::text) FROM generate_series(1, 5000) i;
DELETE FROM key_numeric.rows WHERE n % 3 <> 0 AND n < 4980;
INSERT INTO key_numeric.rows (n, k, v) VALUES (40001, 'NaN', 'special'), (40002, '-Infinity', 'special'), (40003, 0, 'special'), (40004, 1e40, 'special');
-- workload
UPDATE key_numeric.rows SET v = 'changed' WHERE n % 15 = 0;
UPDATE key_numeric.rows SET k = k::numeric(20,6) WHERE n % 9 = 0;
INSERT INTO key_numeric.rows (n, k, v) VALUES (50001, 0.300000000, 'conflict') ON CONFLICT (k) DO UPDATE SET k = EXCLUDED.k, v = EXCLUDED.v;
UPDATE key_numeric.rows SET k = 'Infinity' WHERE n = 6;
UPDATE key_numeric.rows SET k = -k WHERE n % 24 = 0;
DELETE FROM key_numeric.rows WHERE n % 33 = 0;
INSERT INTO key_numeric.rows (n, k, v) SELECT i, i / 10.0, 'new' FROM generate_series(10001, 10100) i;
BEGIN;
UPDATE key_numeric.rows SET v = 'in a transaction' WHERE n % 21 = 0;
SAVEPOINT one;
DELETE FROM key_numeric.rows;
ROLLBACK TO SAVEPOINT one;
COMMIT;
-- probe
INSERT INTO key_numeric.rows (n, k, v) SELECT i, i / 10.0, 'probe' FROM generate_series(20001, 20003) i;
DO $$
BEGIN
    INSERT INTO key_numeric.rows (n, k) VALUES (30001, 0.3000);
    RAISE EXCEPTION 'the key is not unique any more';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
