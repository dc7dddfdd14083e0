-- Key of type jsonb: numbers equal but not written the same.
-- table: key_jsonb.rows
-- setup
CREATE SCHEMA key_jsonb AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE key_jsonb.rows (
    n integer NOT NULL,
    k jsonb NOT NULL,
    v text,
    CONSTRAINT rows_pkey PRIMARY KEY (k)
);
CREATE INDEX rows_n ON key_jsonb.rows (n);
RESET ROLE;
INSERT INTO key_jsonb.rows (n, k, v) SELECT i, jsonb_build_object('i', i / 10.0, 'x', NULL), md5(i::text) FROM generate_series(1, 5000) i;
DELETE FROM key_jsonb.rows WHERE n % 3 <> 0 AND n < 4980;
INSERT INTO key_jsonb.rows (n, k, v) VALUES (40001, 'null', 'special'), (40002, '[]', 'special'), (40003, '""', 'special');
-- workload
UPDATE key_jsonb.rows SET v = 'changed' WHERE n % 15 = 0;
UPDATE key_jsonb.rows SET k = jsonb_build_object('i', (k ->> 'i')::numeric(20,6), 'x', NULL) WHERE n % 9 = 0 AND k ? 'i';
UPDATE key_jsonb.rows SET k = k || '{"more": []}' WHERE n % 12 = 0;
DELETE FROM key_jsonb.rows WHERE n % 33 = 0;
INSERT INTO key_jsonb.rows (n, k, v) SELECT i, jsonb_build_object('i', i / 10.0, 'x', NULL), 'new' FROM generate_series(10001, 10100) i;
BEGIN;
UPDATE key_jsonb.rows SET v = 'in a transaction' WHERE n % 21 = 0;
SAVEPOINT one;
DELETE FROM key_jsonb.rows;
ROLLBACK TO SAVEPOINT one;
COMMIT;
-- probe
INSERT INTO key_jsonb.rows (n, k, v) SELECT i, jsonb_build_object('i', i / 10.0, 'x', NULL), 'probe' FROM generate_series(20001, 20003) i;
DO $$
BEGIN
    INSERT INTO key_jsonb.rows (n, k) VALUES (30001, '{"x": null, "i": 0.3000}');
    RAISE EXCEPTION 'the key is not unique any more';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
