-- Key of type bpchar without a length: 'a' and 'a ' are the same key and different rows.
-- table: key_bpchar_open.rows
-- setup
CREATE SCHEMA key_bpchar_open AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE key_bpchar_open.rows (
    n integer NOT NULL,
    k bpchar NOT NULL,
    v text,
    CONSTRAINT rows_pkey PRIMARY KEY (k)
);
CREATE INDEX rows_n ON key_bpchar_open.rows (n);
RESET ROLE;
INSERT INTO key_bpchar_open.rows (n, k, v) SELECT i, ('key ' || i)::bpchar, md5(i::text) FROM generate_series(1, 5000) i;
DELETE FROM key_bpchar_open.rows WHERE n % 3 <> 0 AND n < 4980;
INSERT INTO key_bpchar_open.rows (n, k, v) VALUES (40001, 'trail   ', 'special');
-- workload
UPDATE key_bpchar_open.rows SET v = 'changed' WHERE n % 15 = 0;
UPDATE key_bpchar_open.rows SET k = (k || '  '::text)::bpchar WHERE n % 9 = 0;
UPDATE key_bpchar_open.rows SET k = ('x' || k::text)::bpchar WHERE n % 12 = 0;
DELETE FROM key_bpchar_open.rows WHERE n % 33 = 0;
INSERT INTO key_bpchar_open.rows (n, k, v) SELECT i, ('key ' || i)::bpchar, 'new' FROM generate_series(10001, 10100) i;
BEGIN;
UPDATE key_bpchar_open.rows SET v = 'in a transaction' WHERE n % 21 = 0;
SAVEPOINT one;
DELETE FROM key_bpchar_open.rows;
ROLLBACK TO SAVEPOINT one;
COMMIT;
-- probe
INSERT INTO key_bpchar_open.rows (n, k, v) SELECT i, ('key ' || i)::bpchar, 'probe' FROM generate_series(20001, 20003) i;
DO $$
BEGIN
    INSERT INTO key_bpchar_open.rows (n, k) VALUES (30001, 'key 3   ');
    RAISE EXCEPTION 'the key is not unique any more';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
