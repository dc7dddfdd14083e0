-- TOAST-heavy rows: every storage kind, compression set, rows that are all TOAST, options of table and TOAST table.
-- table: toasted.blobs
-- setup
CREATE SCHEMA toasted AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE toasted.blobs (
    id integer PRIMARY KEY,
    plain_ text,
    external_ text,
    main_ text,
    extended_ text COMPRESSION pglz,
    bin bytea,
    doc jsonb,
    arr text[],
    fixed integer
) WITH (fillfactor=60, toast_tuple_target=256, autovacuum_enabled=false, autovacuum_vacuum_scale_factor=0.05, autovacuum_vacuum_cost_delay=3, parallel_workers=2, vacuum_truncate=false, vacuum_index_cleanup=on, user_catalog_table=false, log_autovacuum_min_duration=1000,
    toast.autovacuum_enabled=false, toast.autovacuum_vacuum_threshold=77, toast.vacuum_truncate=false);
ALTER TABLE toasted.blobs ALTER COLUMN external_ SET STORAGE EXTERNAL;
ALTER TABLE toasted.blobs ALTER COLUMN main_ SET STORAGE MAIN;
ALTER TABLE toasted.blobs ALTER COLUMN bin SET STORAGE EXTERNAL;
ALTER TABLE toasted.blobs ALTER COLUMN plain_ SET STORAGE PLAIN;
RESET ROLE;
INSERT INTO toasted.blobs
SELECT i, md5(i::text), (SELECT string_agg(md5(i::text || j), '') FROM generate_series(1, 100) j), repeat('main ' || i, 300), repeat('extended ' || i, 500),
    decode((SELECT string_agg(md5(i::text || j), '') FROM generate_series(1, 40 + i % 60) j), 'hex'), jsonb_build_object('k', repeat('doc', 1000), 'i', i), ARRAY[repeat('a', 3000), NULL, i::text], i
FROM generate_series(1, 900) i;
INSERT INTO toasted.blobs (id, fixed) SELECT i, i FROM generate_series(901, 3000) i;
DELETE FROM toasted.blobs WHERE id % 3 <> 0 AND id < 2980;
UPDATE toasted.blobs SET fixed = fixed + 1 WHERE id % 6 = 0;
-- workload
UPDATE toasted.blobs SET fixed = -1 WHERE id % 9 = 0;
UPDATE toasted.blobs SET external_ = external_ || 'more', doc = doc || '{"more": true}' WHERE id % 15 = 0;
UPDATE toasted.blobs SET id = id + 10000 WHERE id % 30 = 0;
INSERT INTO toasted.blobs (id, bin) SELECT i, decode(repeat('00ff', 5000 + i % 100), 'hex') FROM generate_series(20001, 20020) i;
DELETE FROM toasted.blobs WHERE id % 33 = 0;
BEGIN;
SAVEPOINT one;
UPDATE toasted.blobs SET extended_ = NULL, bin = NULL;
ROLLBACK TO SAVEPOINT one;
UPDATE toasted.blobs SET extended_ = NULL WHERE id < 60;
COMMIT;
-- probe
INSERT INTO toasted.blobs (id, extended_) VALUES (30001, repeat('probe', 2000));
UPDATE toasted.blobs SET arr[2] = 'probe' WHERE id < 100;
SELECT sum(length(external_)) FROM toasted.blobs;
