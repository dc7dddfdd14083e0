-- Key of type interval: 30 days and 1 month are the same key and different rows.
-- table: key_interval.rows
-- setup
CREATE SCHEMA key_interval AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE key_interval.rows (
    n integer NOT NULL,
    k interval NOT NULL,
    v text,
    CONSTRAINT rows_pkey PRIMARY KEY (k)
);
CREATE INDEX rows_n ON key_interval.rows (n);
RESET ROLE;
INSERT INTO key_interval.rows (n, k, v) SELECT i, make_interval(days => 30 * i), md5(i::text) FROM generate_series(1, 5000) i;
DELETE FROM key_interval.rows WHERE n % 3 <> 0 AND n < 4980;
INSERT INTO key_interval.rows (n, k, v) VALUES (40001, interval '1 hour', 'special');
-- workload
UPDATE key_interval.rows SET v = 'changed' WHERE n % 15 = 0;
UPDATE key_interval.rows SET k = justify_days(k) WHERE n % 9 = 0;
UPDATE key_interval.rows SET k = -k WHERE n % 12 = 0;
INSERT INTO key_interval.rows (n, k, v) VALUES (50001, interval '2160 hours', 'conflict') ON CONFLICT (k) DO UPDATE SET k = EXCLUDED.k;
DELETE FROM key_interval.rows WHERE n % 33 = 0;
INSERT INTO key_interval.rows (n, k, v) SELECT i, make_interval(days => 30 * i), 'new' FROM generate_series(10001, 10100) i;
BEGIN;
UPDATE key_interval.rows SET v = 'in a transaction' WHERE n % 21 = 0;
SAVEPOINT one;
DELETE FROM key_interval.rows;
ROLLBACK TO SAVEPOINT one;
COMMIT;
-- probe
INSERT INTO key_interval.rows (n, k, v) SELECT i, make_interval(days => 30 * i), 'probe' FROM generate_series(20001, 20003) i;
DO $$
BEGIN
    INSERT INTO key_interval.rows (n, k) VALUES (30001, make_interval(months => 6));
    RAISE EXCEPTION 'the key is not unique any more';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
