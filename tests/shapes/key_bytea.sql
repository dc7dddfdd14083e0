-- Key of type bytea with long values and the empty one.
-- table: key_bytea.rows
-- setup
CREATE SCHEMA key_bytea AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE key_bytea.rows (
    n integer NOT NULL,
    k bytea NOT NULL,
    v text,
    CONSTRAINT rows_pkey PRIMARY KEY (k)
);
CREATE INDEX rows_n ON key_bytea.rows (n);
RESET ROLE;
INSERT INTO key_bytea.rows (n, k, v) SELECT i, decode(repeat(md5(i::text), 1 + i % 30), 'hex'), md5(i::text) FROM generate_series(1, 5000) i;
DELETE FROM key_bytea.rows WHERE n % 3 <> 0 AND n < 4980;
INSERT INTO key_bytea.rows (n, k, v) VALUES (40001, '\x', 'special'), (40002, '\x00', 'special'), (40003, '\x0000', 'special');
-- workload
UPDATE key_bytea.rows SET v = 'changed' WHERE n % 15 = 0;
UPDATE key_bytea.rows SET k = k || '\x00'::bytea WHERE n % 12 = 0;
DELETE FROM key_bytea.rows WHERE n % 33 = 0;
INSERT INTO key_bytea.rows (n, k, v) SELECT i, decode(repeat(md5(i::text), 1 + i % 30), 'hex'), 'new' FROM generate_series(10001, 10100) i;
BEGIN;
UPDATE key_bytea.rows SET v = 'in a transaction' WHERE n % 21 = 0;
SAVEPOINT one;
DELETE FROM key_bytea.rows;
ROLLBACK TO SAVEPOINT one;
COMMIT;
-- probe
INSERT INTO key_bytea.rows (n, k, v) SELECT i, decode(repeat(md5(i::text), 1 + i % 30), 'hex'), 'probe' FROM generate_series(20001, 20003) i;
DO $$
BEGIN
    INSERT INTO key_bytea.rows (n, k) VALUES (30001, '\x'::bytea);
    RAISE EXCEPTION 'the key is not unique any more';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
