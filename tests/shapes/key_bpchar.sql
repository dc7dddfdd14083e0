-- Key of type character(n): trailing spaces do not count.
-- table: key_bpchar.rows
-- setup
CREATE SCHEMA key_bpchar AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE key_bpchar.rows (
    n integer NOT NULL,
    k character(20) NOT NULL,
    v text,
    CONSTRAINT rows_pkey PRIMARY KEY (k)
);
CREATE INDEX rows_n ON key_bpchar.rows (n);
RESET ROLE;
INSERT INTO key_bpchar.rows (n, k, v) SELECT i, 'key ' || i, md5(i::text) FROM generate_series(1, 5000) i;
DELETE FROM key_bpchar.rows WHERE n % 3 <> 0 AND n < 4980;
INSERT INTO key_bpchar.rows (n, k, v) VALUES (40001, '', 'special');
-- workload
UPDATE key_bpchar.rows SET v = 'changed' WHERE n % 15 = 0;
UPDATE key_bpchar.rows SET k = k::text || 'x  ' WHERE n % 12 = 0;
UPDATE key_bpchar.rows SET k = ' ' || k::text WHERE n % 21 = 0;
DELETE FROM key_bpchar.rows WHERE n % 33 = 0;
INSERT INTO key_bpchar.rows (n, k, v) SELECT i, 'key ' || i, 'new' FROM generate_series(10001, 10100) i;
BEGIN;
UPDATE key_bpchar.rows SET v = 'in a transaction' WHERE n % 21 = 0;
SAVEPOINT one;
DELETE FROM key_bpchar.rows;
ROLLBACK TO SAVEPOINT one;
COMMIT;
-- probe
INSERT INTO key_bpchar.rows (n, k, v) SELECT i, 'key ' || i, 'probe' FROM generate_series(20001, 20003) i;
DO $$
BEGIN
    INSERT INTO key_bpchar.rows (n, k) VALUES (30001, 'key 3   ');
    RAISE EXCEPTION 'the key is not unique any more';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
