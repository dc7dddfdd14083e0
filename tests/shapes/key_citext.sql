-- Key of type citext, whose operators live in a schema that is on nobody's search_path.
-- table: key_citext.rows
-- setup
CREATE SCHEMA key_citext AUTHORIZATION shape_owner;
CREATE SCHEMA key_citext_ext;
GRANT USAGE ON SCHEMA key_citext_ext TO PUBLIC;
CREATE EXTENSION citext SCHEMA key_citext_ext;
SET ROLE shape_owner;
CREATE TABLE key_citext.rows (
    n integer NOT NULL,
    k key_citext_ext.citext NOT NULL,
    v text,
    CONSTRAINT rows_pkey PRIMARY KEY (k)
);
CREATE INDEX rows_n ON key_citext.rows (n);
RESET ROLE;
INSERT INTO key_citext.rows (n, k, v) SELECT i, ('Key ' || i)::key_citext_ext.citext, md5(i::text) FROM generate_series(1, 5000) i;
DELETE FROM key_citext.rows WHERE n % 3 <> 0 AND n < 4980;
INSERT INTO key_citext.rows (n, k, v) VALUES (40001, '', 'special');
-- workload
UPDATE key_citext.rows SET v = 'changed' WHERE n % 15 = 0;
UPDATE key_citext.rows SET k = upper(k::text)::key_citext_ext.citext WHERE n % 9 = 0;
UPDATE key_citext.rows SET k = lower(k::text || 'x')::key_citext_ext.citext WHERE n % 12 = 0;
DELETE FROM key_citext.rows WHERE n % 33 = 0;
INSERT INTO key_citext.rows (n, k, v) SELECT i, ('Key ' || i)::key_citext_ext.citext, 'new' FROM generate_series(10001, 10100) i;
BEGIN;
UPDATE key_citext.rows SET v = 'in a transaction' WHERE n % 21 = 0;
SAVEPOINT one;
DELETE FROM key_citext.rows;
ROLLBACK TO SAVEPOINT one;
COMMIT;
-- probe
INSERT INTO key_citext.rows (n, k, v) SELECT i, ('Key ' || i)::key_citext_ext.citext, 'probe' FROM generate_series(20001, 20003) i;
DO $$
BEGIN
    INSERT INTO key_citext.rows (n, k) VALUES (30001, 'KEY 3'::key_citext_ext.citext);
    RAISE EXCEPTION 'the key is not unique any more';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
