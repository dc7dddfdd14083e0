-- Key of type timestamp with time zone.
-- table: key_timestamptz.rows
-- setup
CREATE SCHEMA key_timestamptz AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE key_timestamptz.rows (
    n integer NOT NULL,
    k timestamp(3) with time zone NOT NULL,
    v text,
    CONSTRAINT rows_pkey PRIMARY KEY (k)
);
CREATE INDEX rows_n ON key_timestamptz.rows (n);
RESET ROLE;
INSERT INTO key_timestamptz.rows (n, k, v) SELECT i, timestamptz '2020-01-01 00:00+00' + i * interval '0.25 second', md5(i::text) FROM generate_series(1, 5000) i;
DELETE FROM key_timestamptz.rows WHERE n % 3 <> 0 AND n < 4980;
INSERT INTO key_timestamptz.rows (n, k, v) VALUES (40001, 'infinity', 'special');
-- workload
UPDATE key_timestamptz.rows SET v = 'changed' WHERE n % 15 = 0;
UPDATE key_timestamptz.rows SET k = k + interval '1 day' WHERE n % 12 = 0;
DELETE FROM key_timestamptz.rows WHERE n % 33 = 0;
INSERT INTO key_timestamptz.rows (n, k, v) SELECT i, timestamptz '2020-01-01 00:00+00' + i * interval '0.25 second', 'new' FROM generate_series(10001, 10100) i;
BEGIN;
UPDATE key_timestamptz.rows SET v = 'in a transaction' WHERE n % 21 = 0;
SAVEPOINT one;
DELETE FROM key_timestamptz.rows;
ROLLBACK TO SAVEPOINT one;
COMMIT;
-- probe
INSERT INTO key_timestamptz.rows (n, k, v) SELECT i, timestamptz '2020-01-01 00:00+00' + i * interval '0.25 second', 'probe' FROM generate_series(20001, 20003) i;
DO $$
BEGIN
    INSERT INTO key_timestamptz.rows (n, k) VALUES (30001, 'infinity'::timestamptz);
    RAISE EXCEPTION 'the key is not unique any more';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
