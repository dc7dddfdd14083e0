-- Key of an array type, with NULL elements, other bounds and parts equal but not the same.
-- table: key_array.rows
-- setup
CREATE SCHEMA key_array AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE key_array.rows (
    n integer NOT NULL,
    k numeric[] NOT NULL,
    v text,
    CONSTRAINT rows_pkey PRIMARY KEY (k)
);
CREATE INDEX rows_n ON key_array.rows (n);
RESET ROLE;
INSERT INTO key_array.rows (n, k, v) SELECT i, ARRAY[i, NULL, i / 10.0], md5(i::text) FROM generate_series(1, 5000) i;
DELETE FROM key_array.rows WHERE n % 3 <> 0 AND n < 4980;
INSERT INTO key_array.rows (n, k, v) VALUES (40001, '{}', 'special'), (40002, '{NULL}', 'special'), (40003, '[0:1]={1,2}', 'special'), (40004, '{{1,2}}', 'special');
-- workload
UPDATE key_array.rows SET v = 'changed' WHERE n % 15 = 0;
UPDATE key_array.rows SET k = ARRAY[k[1]::numeric(20,2), NULL, k[3]::numeric(20,5)] WHERE n % 9 = 0 AND k[1] IS NOT NULL;
UPDATE key_array.rows SET k = k || 7.0 WHERE n % 12 = 0;
DELETE FROM key_array.rows WHERE n % 33 = 0;
INSERT INTO key_array.rows (n, k, v) SELECT i, ARRAY[i, NULL, i / 10.0], 'new' FROM generate_series(10001, 10100) i;
BEGIN;
UPDATE key_array.rows SET v = 'in a transaction' WHERE n % 21 = 0;
SAVEPOINT one;
DELETE FROM key_array.rows;
ROLLBACK TO SAVEPOINT one;
COMMIT;
-- probe
INSERT INTO key_array.rows (n, k, v) SELECT i, ARRAY[i, NULL, i / 10.0], 'probe' FROM generate_series(20001, 20003) i;
DO $$
BEGIN
    INSERT INTO key_array.rows (n, k) VALUES (30001, ARRAY[3, NULL, 0.300]);
    RAISE EXCEPTION 'the key is not unique any more';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
