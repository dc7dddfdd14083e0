-- Key of a multirange type.
-- table: key_multirange.rows
-- setup
CREATE SCHEMA key_multirange AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE key_multirange.rows (
    n integer NOT NULL,
    k int4multirange NOT NULL,
    v text,
    CONSTRAINT rows_pkey PRIMARY KEY (k)
);
CREATE INDEX rows_n ON key_multirange.rows (n);
RESET ROLE;
INSERT INTO key_multirange.rows (n, k, v) SELECT i, int4multirange(int4range(i, i + 2), int4range(i + 5, i + 6)), md5(i::text) FROM generate_series(1, 5000) i;
DELETE FROM key_multirange.rows WHERE n % 3 <> 0 AND n < 4980;
INSERT INTO key_multirange.rows (n, k, v) VALUES (40001, '{}', 'special');
-- workload
UPDATE key_multirange.rows SET v = 'changed' WHERE n % 15 = 0;
UPDATE key_multirange.rows SET k = k + int4multirange(int4range(-5, -1)) WHERE n % 12 = 0;
DELETE FROM key_multirange.rows WHERE n % 33 = 0;
INSERT INTO key_multirange.rows (n, k, v) SELECT i, int4multirange(int4range(i, i + 2), int4range(i + 5, i + 6)), 'new' FROM generate_series(10001, 10100) i;
BEGIN;
UPDATE key_multirange.rows SET v = 'in a transaction' WHERE n % 21 = 0;
SAVEPOINT one;
DELETE FROM key_multirange.rows;
ROLLBACK TO SAVEPOINT one;
COMMIT;
-- probe
INSERT INTO key_multirange.rows (n, k, v) SELECT i, int4multirange(int4range(i, i + 2), int4range(i + 5, i + 6)), 'probe' FROM generate_series(20001, 20003) i;
DO $$
BEGIN
    INSERT INTO key_multirange.rows (n, k) VALUES (30001, '{}'::int4multirange);
    RAISE EXCEPTION 'the key is not unique any more';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
