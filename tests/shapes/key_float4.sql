-- Real key with values that have no short decimal form; -0 turns to 0.
-- table: key_float4.rows
-- setup
CREATE SCHEMA key_float4 AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE key_float4.rows (
    n integer NOT NULL,
    k real NOT NULL,
    v text,
    CONSTRAINT rows_pkey PRIMARY KEY (k)
);
CREATE INDEX rows_n ON key_float4.rows (n);
RESET ROLE;
INSERT INTO key_float4.rows (n, k, v) SELECT i, i::real / 3, md5(i::text) FROM generate_series(1, 5000) i;
DELETE FROM key_float4.rows WHERE n % 3 <> 0 AND n < 4980;
INSERT INTO key_float4.rows (n, k, v) VALUES (40001, '-0', 'special'), (40002, 'NaN', 'special');
-- workload
UPDATE key_float4.rows SET v = 'changed' WHERE n % 15 = 0;
UPDATE key_float4.rows SET k = 0 WHERE k = 0;
UPDATE key_float4.rows SET k = -k WHERE n % 24 = 0;
DELETE FROM key_float4.rows WHERE n % 33 = 0;
INSERT INTO key_float4.rows (n, k, v) SELECT i, i::real / 3, 'new' FROM generate_series(10001, 10100) i;
BEGIN;
UPDATE key_float4.rows SET v = 'in a transaction' WHERE n % 21 = 0;
SAVEPOINT one;
DELETE FROM key_float4.rows;
ROLLBACK TO SAVEPOINT one;
COMMIT;
-- probe
INSERT INTO key_float4.rows (n, k, v) SELECT i, i::real / 3, 'probe' FROM generate_series(20001, 20003) i;
DO $$
BEGIN
    INSERT INTO key_float4.rows (n, k) VALUES (30001, '0');
    RAISE EXCEPTION 'the key is not unique any more';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
