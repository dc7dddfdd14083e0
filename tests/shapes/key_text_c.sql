-- Text key with collation "C", empty string, trailing spaces and unicode.
-- table: key_text_c.rows
-- setup
CREATE SCHEMA key_text_c AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE key_text_c.rows (
    n integer NOT NULL,
    k text COLLATE "C" NOT NULL,
    v text,
    CONSTRAINT rows_pkey PRIMARY KEY (k)
);
CREATE INDEX rows_n ON key_text_c.rows (n);
RESET ROLE;
INSERT INTO key_text_c.rows (n, k, v) SELECT i, 'key ' || i, md5(i::text) FROM generate_series(1, 5000) i;
DELETE FROM key_text_c.rows WHERE n % 3 <> 0 AND n < 4980;
INSERT INTO key_text_c.rows (n, k, v) VALUES (40001, '', 'special'), (40002, ' ', 'special'), (40003, 'é', 'special'), (40004, E'e\u0301', 'special'), (40005, 'NULL', 'special'), (40006, E'\\N', 'special'), (40007, E'tab\there', 'special');
-- workload
UPDATE key_text_c.rows SET v = 'changed' WHERE n % 15 = 0;
UPDATE key_text_c.rows SET k = k || ' ' WHERE n % 9 = 0;
UPDATE key_text_c.rows SET k = upper(k) WHERE n % 12 = 0;
DELETE FROM key_text_c.rows WHERE n % 33 = 0;
INSERT INTO key_text_c.rows (n, k, v) SELECT i, 'key ' || i, 'new' FROM generate_series(10001, 10100) i;
BEGIN;
UPDATE key_text_c.rows SET v = 'in a transaction' WHERE n % 21 = 0;
SAVEPOINT one;
DELETE FROM key_text_c.rows;
ROLLBACK TO SAVEPOINT one;
COMMIT;
-- probe
INSERT INTO key_text_c.rows (n, k, v) SELECT i, 'key ' || i, 'probe' FROM generate_series(20001, 20003) i;
DO $$
BEGIN
    INSERT INTO key_text_c.rows (n, k) VALUES (30001, '');
    RAISE EXCEPTION 'the key is not unique any more';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
