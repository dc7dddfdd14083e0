-- Key of a domain with a check and a default over another domain.
-- table: key_domain.rows
-- setup
CREATE SCHEMA key_domain AUTHORIZATION shape_owner;
CREATE DOMAIN key_domain.whole AS numeric(12,1) CHECK (VALUE >= 0);
CREATE DOMAIN key_domain.code AS key_domain.whole DEFAULT 7 CHECK (VALUE < 1000000);
ALTER DOMAIN key_domain.whole OWNER TO shape_owner;
ALTER DOMAIN key_domain.code OWNER TO shape_owner;
SET ROLE shape_owner;
CREATE TABLE key_domain.rows (
    n integer NOT NULL,
    k key_domain.code NOT NULL,
    v text,
    CONSTRAINT rows_pkey PRIMARY KEY (k)
);
CREATE INDEX rows_n ON key_domain.rows (n);
RESET ROLE;
INSERT INTO key_domain.rows (n, k, v) SELECT i, i, md5(i::text) FROM generate_series(1, 5000) i;
DELETE FROM key_domain.rows WHERE n % 3 <> 0 AND n < 4980;
-- workload
UPDATE key_domain.rows SET v = 'changed' WHERE n % 15 = 0;
UPDATE key_domain.rows SET k = k + 100000 WHERE n % 12 = 0;
DELETE FROM key_domain.rows WHERE n % 33 = 0;
INSERT INTO key_domain.rows (n, k, v) SELECT i, i, 'new' FROM generate_series(10001, 10100) i;
BEGIN;
UPDATE key_domain.rows SET v = 'in a transaction' WHERE n % 21 = 0;
SAVEPOINT one;
DELETE FROM key_domain.rows;
ROLLBACK TO SAVEPOINT one;
COMMIT;
-- probe
INSERT INTO key_domain.rows (n, k, v) SELECT i, i, 'probe' FROM generate_series(20001, 20003) i;
INSERT INTO key_domain.rows (n, v) VALUES (60001, 'default') ON CONFLICT DO NOTHING;
DO $$
BEGIN
    INSERT INTO key_domain.rows (n, k) VALUES (30001, 3);
    RAISE EXCEPTION 'the key is not unique any more';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
