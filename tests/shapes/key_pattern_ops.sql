-- Unique index with text_pattern_ops as the only key.
-- table: key_pattern_ops.rows
-- setup
CREATE SCHEMA key_pattern_ops AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE key_pattern_ops.rows (
    n integer NOT NULL,
    k text NOT NULL,
    v text
);
CREATE UNIQUE INDEX rows_key ON key_pattern_ops.rows (k text_pattern_ops DESC);
CREATE INDEX rows_n ON key_pattern_ops.rows (n);
RESET ROLE;
INSERT INTO key_pattern_ops.rows (n, k, v) SELECT i, 'key ' || i, md5(i::text) FROM generate_series(1, 5000) i;
DELETE FROM key_pattern_ops.rows WHERE n % 3 <> 0 AND n < 4980;
INSERT INTO key_pattern_ops.rows (n, k, v) VALUES (40001, '', 'special');
-- workload
UPDATE key_pattern_ops.rows SET v = 'changed' WHERE n % 15 = 0;
UPDATE key_pattern_ops.rows SET k = upper(k) WHERE n % 12 = 0;
DELETE FROM key_pattern_ops.rows WHERE n % 33 = 0;
INSERT INTO key_pattern_ops.rows (n, k, v) SELECT i, 'key ' || i, 'new' FROM generate_series(10001, 10100) i;
BEGIN;
UPDATE key_pattern_ops.rows SET v = 'in a transaction' WHERE n % 21 = 0;
SAVEPOINT one;
DELETE FROM key_pattern_ops.rows;
ROLLBACK TO SAVEPOINT one;
COMMIT;
-- probe
INSERT INTO key_pattern_ops.rows (n, k, v) SELECT i, 'key ' || i, 'probe' FROM generate_series(20001, 20003) i;
DO $$
BEGIN
    INSERT INTO key_pattern_ops.rows (n, k) VALUES (30001, 'key 3');
    RAISE EXCEPTION 'the key is not unique any more';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
