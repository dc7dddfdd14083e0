-- Key of type uuid.
-- table: key_uuid.rows
-- setup
CREATE SCHEMA key_uuid AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE key_uuid.rows (
    n integer NOT NULL,
    k uuid NOT NULL,
    v text,
    CONSTRAINT rows_pkey PRIMARY KEY (k)
);
CREATE INDEX rows_n ON key_uuid.rows (n);
RESET ROLE;
INSERT INTO key_uuid.rows (n, k, v) SELECT i, md5(i::text)::uuid, md5(i::text) FROM generate_series(1, 5000) i;
DELETE FROM key_uuid.rows WHERE n % 3 <> 0 AND n < 4980;
-- workload
UPDATE key_uuid.rows SET v = 'changed' WHERE n % 15 = 0;
UPDATE key_uuid.rows SET k = md5(k::text)::uuid WHERE n % 12 = 0;
DELETE FROM key_uuid.rows WHERE n % 33 = 0;
INSERT INTO key_uuid.rows (n, k, v) SELECT i, md5(i::text)::uuid, 'new' FROM generate_series(10001, 10100) i;
BEGIN;
UPDATE key_uuid.rows SET v = 'in a transaction' WHERE n % 21 = 0;
SAVEPOINT one;
DELETE FROM key_uuid.rows;
ROLLBACK TO SAVEPOINT one;
COMMIT;
-- probe
INSERT INTO key_uuid.rows (n, k, v) SELECT i, md5(i::text)::uuid, 'probe' FROM generate_series(20001, 20003) i;
DO $$
BEGIN
    INSERT INTO key_uuid.rows (n, k) VALUES (30001, md5('3')::uuid);
    RAISE EXCEPTION 'the key is not unique any more';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
