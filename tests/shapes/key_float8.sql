-- Double precision key: 0 and -0 are the same key and different rows; NaN.
-- table: key_float8.rows
-- setup
CREATE SCHEMA key_float8 AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE key_float8.rows (
    n integer NOT NULL,
    k double precision NOT NULL,
    v text,
    CONSTRAINT rows_pkey PRIMARY KEY (k)
);
CREATE INDEX rows_n ON key_float8.rows (n);
RESET ROLE;
INSERT INTO key_float8.rows (n, k, v) SELECT i, i / 8.0, md5(i::text) FROM generate_series(1, 5000) i;
DELETE FROM key_float8.rows WHERE n % 3 <> 0 AND n < 4980;
INSERT INTO key_float8.rows (n, k, v) VALUES (40001, 0, 'special'), (40002, 'NaN', 'special'), (40003, 'Infinity', 'special'), (40004, '-Infinity', 'special'), (40005, -1e-300, 'special');
-- workload
UPDATE key_float8.rows SET v = 'changed' WHERE n % 15 = 0;
UPDATE key_float8.rows SET k = '-0' WHERE k = 0;
UPDATE key_float8.rows SET k = 1 / k WHERE k < 0 AND k > '-Infinity';
UPDATE key_float8.rows SET k = k + 1e9 WHERE n % 24 = 0;
DELETE FROM key_float8.rows WHERE n % 33 = 0;
INSERT INTO key_float8.rows (n, k, v) SELECT i, i / 8.0, 'new' FROM generate_series(10001, 10100) i;
BEGIN;
UPDATE key_float8.rows SET v = 'in a transaction' WHERE n % 21 = 0;
SAVEPOINT one;
DELETE FROM key_float8.rows;
ROLLBACK TO SAVEPOINT one;
COMMIT;
-- probe
INSERT INTO key_float8.rows (n, k, v) SELECT i, i / 8.0, 'probe' FROM generate_series(20001, 20003) i;
DO $$
BEGIN
    INSERT INTO key_float8.rows (n, k) VALUES (30001, 'NaN');
    RAISE EXCEPTION 'the key is not unique any more';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
