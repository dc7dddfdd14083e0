-- Text key with a nondeterministic collation: 'Key' and 'KEY' are the same key and different rows.
-- table: key_text_nondeterministic.rows
-- setup
CREATE SCHEMA key_text_nondeterministic AUTHORIZATION shape_owner;
CREATE COLLATION key_text_nondeterministic.nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SET ROLE shape_owner;
CREATE TABLE key_text_nondeterministic.rows (
    n integer NOT NULL,
    k text COLLATE key_text_nondeterministic.nocase NOT NULL,
    v text,
    CONSTRAINT rows_pkey PRIMARY KEY (k)
);
CREATE INDEX rows_n ON key_text_nondeterministic.rows (n);
RESET ROLE;
INSERT INTO key_text_nondeterministic.rows (n, k, v) SELECT i, 'Key ' || i, md5(i::text) FROM generate_series(1, 5000) i;
DELETE FROM key_text_nondeterministic.rows WHERE n % 3 <> 0 AND n < 4980;
INSERT INTO key_text_nondeterministic.rows (n, k, v) VALUES (40001, '', 'special'), (40002, 'Straße', 'special');
-- workload
UPDATE key_text_nondeterministic.rows SET v = 'changed' WHERE n % 15 = 0;
UPDATE key_text_nondeterministic.rows SET k = upper(k) WHERE n % 9 = 0;
UPDATE key_text_nondeterministic.rows SET k = lower(k) || 'X' WHERE n % 12 = 0;
INSERT INTO key_text_nondeterministic.rows (n, k, v) VALUES (50001, 'kEY 6', 'conflict') ON CONFLICT (k) DO UPDATE SET k = EXCLUDED.k, v = EXCLUDED.v;
DELETE FROM key_text_nondeterministic.rows WHERE n % 33 = 0;
INSERT INTO key_text_nondeterministic.rows (n, k, v) SELECT i, 'Key ' || i, 'new' FROM generate_series(10001, 10100) i;
BEGIN;
UPDATE key_text_nondeterministic.rows SET v = 'in a transaction' WHERE n % 21 = 0;
SAVEPOINT one;
DELETE FROM key_text_nondeterministic.rows;
ROLLBACK TO SAVEPOINT one;
COMMIT;
-- probe
INSERT INTO key_text_nondeterministic.rows (n, k, v) SELECT i, 'Key ' || i, 'probe' FROM generate_series(20001, 20003) i;
DO $$
BEGIN
    INSERT INTO key_text_nondeterministic.rows (n, k) VALUES (30001, 'KEY 3');
    RAISE EXCEPTION 'the key is not unique any more';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
