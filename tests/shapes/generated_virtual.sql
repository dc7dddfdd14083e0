-- Virtual generated columns beside stored ones, in checks and NOT NULLs.
-- table: virt.rows
-- min: 18
-- setup
CREATE SCHEMA virt AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE virt.rows (
    id integer PRIMARY KEY,
    a integer,
    twice integer GENERATED ALWAYS AS (a * 2),
    stored integer GENERATED ALWAYS AS (a * 3) STORED,
    gone integer GENERATED ALWAYS AS (a * 5) VIRTUAL,
    b text COLLATE "C",
    shout text GENERATED ALWAYS AS (upper(b) || '!') VIRTUAL NOT NULL,
    CONSTRAINT twice_below CHECK (twice < 2000000)
);
ALTER TABLE virt.rows DROP COLUMN gone;
ALTER TABLE virt.rows ADD COLUMN late bigint GENERATED ALWAYS AS (a::bigint + id) VIRTUAL;
COMMENT ON COLUMN virt.rows.twice IS 'never stored';
GRANT SELECT (twice) ON virt.rows TO shape_reader;
RESET ROLE;
INSERT INTO virt.rows (id, a, b) SELECT i, i, 'b' || i FROM generate_series(1, 6000) i;
DELETE FROM virt.rows WHERE id % 3 <> 0 AND id < 5980;
-- workload
UPDATE virt.rows SET a = -a, b = 'changed' WHERE twice % 18 = 0;
UPDATE virt.rows SET id = id + 10000 WHERE id % 60 = 0;
DELETE FROM virt.rows WHERE stored % 99 = 0;
INSERT INTO virt.rows (id, a, b) VALUES (20001, NULL, 'null');
-- probe
INSERT INTO virt.rows (id, a, b) VALUES (30001, 4, 'probe');
CREATE TABLE virt.marker AS SELECT id, twice, shout, late FROM virt.rows;
DO $$
BEGIN
    INSERT INTO virt.rows (id, a, b) VALUES (30002, 1000000, 'b');
    RAISE EXCEPTION 'the check over a virtual column is gone';
EXCEPTION WHEN check_violation THEN NULL;
END $$;
DO $$
BEGIN
    INSERT INTO virt.rows (id, a) VALUES (30003, 1);
    RAISE EXCEPTION 'NOT NULL of a virtual column is gone';
EXCEPTION WHEN not_null_violation THEN NULL;
END $$;
