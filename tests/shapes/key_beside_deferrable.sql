-- The primary key is deferrable and cannot serve; a unique constraint on NOT NULL columns beside it does.
-- table: key_beside.rows
-- setup
CREATE SCHEMA key_beside AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE key_beside.rows (
    id integer,
    code text NOT NULL,
    v integer,
    CONSTRAINT rows_pkey PRIMARY KEY (id) DEFERRABLE INITIALLY DEFERRED,
    CONSTRAINT rows_code UNIQUE (code)
);
COMMENT ON CONSTRAINT rows_pkey ON key_beside.rows IS 'can wait';
RESET ROLE;
INSERT INTO key_beside.rows SELECT i, 'c' || i, i FROM generate_series(1, 6000) i;
DELETE FROM key_beside.rows WHERE id % 3 <> 0 AND id < 5980;
-- workload
UPDATE key_beside.rows SET id = 5982 - id WHERE id < 5980;
BEGIN;
UPDATE key_beside.rows SET id = 5976 WHERE code = 'c3';
UPDATE key_beside.rows SET id = 5979 WHERE code = 'c6';
COMMIT;
DELETE FROM key_beside.rows WHERE id % 33 = 0;
UPDATE key_beside.rows SET code = 'x' || code WHERE v % 9 = 0;
-- probe
BEGIN;
INSERT INTO key_beside.rows VALUES (12, 'twelve', 1);
UPDATE key_beside.rows SET id = 70000 WHERE code = 'twelve';
COMMIT;
