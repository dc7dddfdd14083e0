-- Unique constraint, index and partial index with NULLS NOT DISTINCT.
-- table: nnd.rows
-- min: 15
-- setup
CREATE SCHEMA nnd AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE nnd.rows (
    id integer PRIMARY KEY,
    a integer,
    b text,
    c integer,
    CONSTRAINT rows_ab UNIQUE NULLS NOT DISTINCT (a, b) INCLUDE (c),
    CONSTRAINT rows_c UNIQUE NULLS NOT DISTINCT (c) DEFERRABLE INITIALLY DEFERRED
);
CREATE UNIQUE INDEX rows_index ON nnd.rows (lower(b), a) NULLS NOT DISTINCT WHERE id > 0;
CREATE UNIQUE INDEX rows_index_desc ON nnd.rows (c DESC NULLS LAST, id) NULLS NOT DISTINCT WITH (fillfactor=80);
RESET ROLE;
INSERT INTO nnd.rows SELECT i, NULLIF(i % 100, 0), NULLIF('b' || i, 'b300'), NULLIF(i, 9) FROM generate_series(1, 6000) i;
DELETE FROM nnd.rows WHERE id % 3 <> 0 AND id < 5980;
-- workload
UPDATE nnd.rows SET c = NULL WHERE id = 9;
BEGIN;
UPDATE nnd.rows SET c = NULL WHERE id = 12;
UPDATE nnd.rows SET c = 7777777 WHERE id = 9;
COMMIT;
UPDATE nnd.rows SET b = 'x' || id WHERE id % 9 = 0 AND b IS NOT NULL;
UPDATE nnd.rows SET id = id + 10000 WHERE id % 60 = 0;
DELETE FROM nnd.rows WHERE id % 33 = 0;
INSERT INTO nnd.rows VALUES (20001, NULL, 'n', 20001), (20002, 1, NULL, 20002);
-- probe
DO $$
BEGIN
    INSERT INTO nnd.rows VALUES (30001, 1, NULL, 30001);
    RAISE EXCEPTION 'NULLS NOT DISTINCT is gone';
EXCEPTION WHEN unique_violation THEN NULL;
END $$;
INSERT INTO nnd.rows VALUES (30002, 2, NULL, 30002);
