-- Key of type timestamp with infinities and years before Christ.
-- table: key_timestamp.rows
-- setup
CREATE SCHEMA key_timestamp AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE key_timestamp.rows (
    n integer NOT NULL,
    k timestamp without time zone NOT NULL,
    v text,
    CONSTRAINT rows_pkey PRIMARY KEY (k)
);
CREATE INDEX rows_n ON key_timestamp.rows (n);
RESET ROLE;
INSERT INTO key_timestamp.rows (n, k, v) SELECT i, timestamp '2020-01-01' + i * interval '1.000001 second', md5(i::text) FROM generate_series(1, 5000) i;
DELETE FROM key_timestamp.rows WHERE n % 3 <> 0 AND n < 4980;
INSERT INTO key_timestamp.rows (n, k, v) VALUES (40001, 'infinity', 'special'), (40002, '-infinity', 'special');
-- workload
UPDATE key_timestamp.rows SET v = 'changed' WHERE n % 15 = 0;
UPDATE key_timestamp.rows SET k = k - interval '3000 years' WHERE n % 12 = 0 AND isfinite(k);
UPDATE key_timestamp.rows SET k = '4000-01-01' WHERE k = '-infinity';
DELETE FROM key_timestamp.rows WHERE n % 33 = 0;
INSERT INTO key_timestamp.rows (n, k, v) SELECT i, timestamp '2020-01-01' + i * interval '1.000001 second', 'new' FROM generate_series(10001, 10100) i;
BEGIN;
UPDATE key_timestamp.rows SET v = 'in a transaction' WHERE n % 21 = 0;
SAVEPOINT one;
DELETE FROM key_timestamp.rows;
ROLLBACK TO SAVEPOINT one;
COMMIT;
-- probe
INSERT INTO key_timestamp.rows (n, k, v) SELECT i, timestamp '2020-01-01' + i * interval '1.000001 second', 'probe' FROM generate_series(20001, 20003) i;
DO $$
BEGIN
    INSERT INTO key_timestamp.rows (n, k) VALUES (30001, 'infinity'::timestamp);
    RAISE EXCEPTION 'the key is not unique any more';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
