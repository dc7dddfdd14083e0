-- Unique index by record_image_ops: rows whose keys are equal by = are still two keys.
-- table: key_record_image.rows
-- setup
CREATE SCHEMA key_record_image AUTHORIZATION shape_owner;
CREATE TYPE key_record_image.pair AS (a numeric, b text);
ALTER TYPE key_record_image.pair OWNER TO shape_owner;
SET ROLE shape_owner;
CREATE TABLE key_record_image.rows (
    n integer NOT NULL,
    k key_record_image.pair NOT NULL,
    v text
);
CREATE UNIQUE INDEX rows_key ON key_record_image.rows (k record_image_ops);
CREATE INDEX rows_n ON key_record_image.rows (n);
RESET ROLE;
INSERT INTO key_record_image.rows (n, k, v) SELECT i, ROW(round((i / 6) / 10.0, 1 + 3 * (i % 2)), CASE WHEN i % 3 > 0 THEN i::text END)::key_record_image.pair, md5(i::text) FROM generate_series(1, 5000) i;
DELETE FROM key_record_image.rows WHERE n % 3 <> 0 AND n < 4980;
-- workload
UPDATE key_record_image.rows SET v = 'changed' WHERE n % 15 = 0;
UPDATE key_record_image.rows SET v = 'one of two' WHERE n % 12 = 0;
UPDATE key_record_image.rows SET k.a = ((k).a)::numeric(20,9) WHERE n % 27 = 0;
DELETE FROM key_record_image.rows WHERE n % 33 = 0;
INSERT INTO key_record_image.rows (n, k, v) SELECT i, ROW(round((i / 6) / 10.0, 1 + 3 * (i % 2)), CASE WHEN i % 3 > 0 THEN i::text END)::key_record_image.pair, 'new' FROM generate_series(10001, 10100) i;
BEGIN;
UPDATE key_record_image.rows SET v = 'in a transaction' WHERE n % 21 = 0;
SAVEPOINT one;
DELETE FROM key_record_image.rows;
ROLLBACK TO SAVEPOINT one;
COMMIT;
-- probe
INSERT INTO key_record_image.rows (n, k, v) SELECT i, ROW(round((i / 6) / 10.0, 1 + 3 * (i % 2)), CASE WHEN i % 3 > 0 THEN i::text END)::key_record_image.pair, 'probe' FROM generate_series(20001, 20003) i;
DO $$
BEGIN
    INSERT INTO key_record_image.rows (n, k) VALUES (30001, ROW(0.1, NULL)::key_record_image.pair);
    RAISE EXCEPTION 'the key is not unique any more';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
