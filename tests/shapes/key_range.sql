-- Key of a range type over numeric: bounds of the same value and another scale; empty and endless ranges.
-- table: key_range.rows
-- setup
CREATE SCHEMA key_range AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE key_range.rows (
    n integer NOT NULL,
    k numrange NOT NULL,
    v text,
    CONSTRAINT rows_pkey PRIMARY KEY (k)
);
CREATE INDEX rows_n ON key_range.rows (n);
RESET ROLE;
INSERT INTO key_range.rows (n, k, v) SELECT i, numrange(i, i + 2.5), md5(i::text) FROM generate_series(1, 5000) i;
DELETE FROM key_range.rows WHERE n % 3 <> 0 AND n < 4980;
INSERT INTO key_range.rows (n, k, v) VALUES (40001, 'empty', 'special'), (40002, '(,)', 'special'), (40003, '(,7]', 'special');
-- workload
UPDATE key_range.rows SET v = 'changed' WHERE n % 15 = 0;
UPDATE key_range.rows SET k = numrange(lower(k)::numeric(20,3), upper(k)::numeric(20,4)) WHERE n % 9 = 0;
UPDATE key_range.rows SET k = numrange(lower(k), NULL) WHERE n % 12 = 0;
DELETE FROM key_range.rows WHERE n % 33 = 0;
INSERT INTO key_range.rows (n, k, v) SELECT i, numrange(i, i + 2.5), 'new' FROM generate_series(10001, 10100) i;
BEGIN;
UPDATE key_range.rows SET v = 'in a transaction' WHERE n % 21 = 0;
SAVEPOINT one;
DELETE FROM key_range.rows;
ROLLBACK TO SAVEPOINT one;
COMMIT;
-- probe
INSERT INTO key_range.rows (n, k, v) SELECT i, numrange(i, i + 2.5), 'probe' FROM generate_series(20001, 20003) i;
DO $$
BEGIN
    INSERT INTO key_range.rows (n, k) VALUES (30001, numrange(3.0, 5.50));
    RAISE EXCEPTION 'the key is not unique any more';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
