-- NOT NULL constraints with names, NO INHERIT, comments, and NOT VALID with NULLs in the column.
-- table: nn.rows
-- min: 18
-- setup
CREATE SCHEMA nn AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE nn.rows (
    id integer CONSTRAINT "id is needed" NOT NULL,
    a integer CONSTRAINT "a, too" NOT NULL,
    b text NOT NULL NO INHERIT,
    c text CONSTRAINT c_named NOT NULL NO INHERIT,
    d text,
    e text,
    f text NOT NULL,
    CONSTRAINT rows_pkey PRIMARY KEY (id)
);
INSERT INTO nn.rows SELECT i, i, 'b', 'c', NULLIF('d' || i % 10, 'd3'), 'e', 'f' FROM generate_series(1, 6000) i;
ALTER TABLE nn.rows ADD CONSTRAINT d_not_valid NOT NULL d NOT VALID;
ALTER TABLE nn.rows ADD CONSTRAINT e_later NOT NULL e;
ALTER TABLE nn.rows RENAME COLUMN f TO f_renamed;
ALTER TABLE nn.rows RENAME CONSTRAINT rows_b_not_null TO rows_old_name_not_null;
COMMENT ON CONSTRAINT "a, too" ON nn.rows IS 'a comment on a NOT NULL';
COMMENT ON CONSTRAINT d_not_valid ON nn.rows IS 'old rows have NULLs';
RESET ROLE;
DELETE FROM nn.rows WHERE id % 3 <> 0 AND id < 5980;
-- workload
UPDATE nn.rows SET d = 'filled' WHERE id % 9 = 0;
UPDATE nn.rows SET id = id + 10000 WHERE id % 60 = 0 AND d IS NOT NULL;
DELETE FROM nn.rows WHERE id % 33 = 0;
INSERT INTO nn.rows VALUES (20001, 1, 'b', 'c', 'd', 'e', 'f');
-- probe
DO $$
BEGIN
    INSERT INTO nn.rows VALUES (30001, 1, 'b', 'c', NULL, 'e', 'f');
    RAISE EXCEPTION 'the NOT VALID NOT NULL does not hold for new rows';
EXCEPTION WHEN not_null_violation THEN NULL;
END $$;
DO $$
BEGIN
    ALTER TABLE nn.rows VALIDATE CONSTRAINT d_not_valid;
    RAISE EXCEPTION 'the rows with NULLs are gone';
EXCEPTION WHEN not_null_violation THEN NULL;
END $$;
ALTER TABLE nn.rows DROP CONSTRAINT c_named;
INSERT INTO nn.rows VALUES (30002, 1, 'b', NULL, 'd', 'e', 'f');
