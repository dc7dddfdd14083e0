-- Column with a nondeterministic collation, but a unique index under "C": 'a' and 'A' are equal and still two keys.
-- table: key_collation_differs.rows
-- setup
CREATE SCHEMA key_collation_differs AUTHORIZATION shape_owner;
CREATE COLLATION key_collation_differs.nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false);
SET ROLE shape_owner;
CREATE TABLE key_collation_differs.rows (
    n integer NOT NULL,
    k text COLLATE key_collation_differs.nocase NOT NULL,
    v text
);
CREATE UNIQUE INDEX rows_key ON key_collation_differs.rows (k COLLATE "C");
CREATE INDEX rows_n ON key_collation_differs.rows (n);
RESET ROLE;
INSERT INTO key_collation_differs.rows (n, k, v) SELECT i, CASE i % 2 WHEN 0 THEN 'key ' || i / 6 * 6 ELSE 'KEY ' || i / 6 * 6 END || CASE i % 3 WHEN 0 THEN '' ELSE ' ' || i END, md5(i::text) FROM generate_series(1, 5000) i;
DELETE FROM key_collation_differs.rows WHERE n % 3 <> 0 AND n < 4980;
-- workload
UPDATE key_collation_differs.rows SET v = 'changed' WHERE n % 15 = 0;
UPDATE key_collation_differs.rows SET v = 'small' WHERE k COLLATE "C" = 'key 12';
UPDATE key_collation_differs.rows SET k = 'Key 18' WHERE k COLLATE "C" = 'key 18';
DELETE FROM key_collation_differs.rows WHERE k COLLATE "C" = 'KEY 24';
UPDATE key_collation_differs.rows SET k = initcap(k) WHERE n % 12 = 0;
DELETE FROM key_collation_differs.rows WHERE n % 33 = 0;
INSERT INTO key_collation_differs.rows (n, k, v) SELECT i, CASE i % 2 WHEN 0 THEN 'key ' || i / 6 * 6 ELSE 'KEY ' || i / 6 * 6 END || CASE i % 3 WHEN 0 THEN '' ELSE ' ' || i END, 'new' FROM generate_series(10001, 10100) i;
BEGIN;
UPDATE key_collation_differs.rows SET v = 'in a transaction' WHERE n % 21 = 0;
SAVEPOINT one;
DELETE FROM key_collation_differs.rows;
ROLLBACK TO SAVEPOINT one;
COMMIT;
-- probe
INSERT INTO key_collation_differs.rows (n, k, v) SELECT i, CASE i % 2 WHEN 0 THEN 'key ' || i / 6 * 6 ELSE 'KEY ' || i / 6 * 6 END || CASE i % 3 WHEN 0 THEN '' ELSE ' ' || i END, 'probe' FROM generate_series(20001, 20003) i;
DO $$
BEGIN
    INSERT INTO key_collation_differs.rows (n, k) VALUES (30001, 'KEY 6' COLLATE "C");
    RAISE EXCEPTION 'the key is not unique any more';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
