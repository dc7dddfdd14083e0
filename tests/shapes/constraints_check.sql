-- Check constraints: named, NO INHERIT, over functions, NOT VALID with rows that violate it, comments.
-- table: chk.rules
-- setup
CREATE SCHEMA chk AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE FUNCTION chk.good(integer, text) RETURNS boolean LANGUAGE plpgsql IMMUTABLE AS $$ BEGIN RETURN $1 IS NULL OR length($2) < 100; END $$;
CREATE TABLE chk.rules (
    id integer PRIMARY KEY,
    a integer CHECK (a > -100000),
    b text NOT NULL,
    c integer,
    CHECK (a < 100000 OR b <> 'x'),
    CONSTRAINT "named, so" CHECK (b <> 'it''s') NO INHERIT,
    CONSTRAINT by_function CHECK (chk.good(a, b)),
    CONSTRAINT many CHECK (a = ANY (ARRAY[1, 2, 3]) OR a IS NULL OR a BETWEEN 4 AND 9000)
);
INSERT INTO chk.rules SELECT i, i, 'b' || i, -i FROM generate_series(1, 6000) i;
ALTER TABLE chk.rules ADD CONSTRAINT not_valid CHECK (c > 0) NOT VALID;
ALTER TABLE chk.rules ADD CONSTRAINT not_valid_no_inherit CHECK (c <> -33) NO INHERIT NOT VALID;
ALTER TABLE chk.rules ADD CONSTRAINT a_late_one CHECK (id <> 0);
ALTER TABLE chk.rules ADD CHECK (c IS NOT NULL);
COMMENT ON CONSTRAINT not_valid ON chk.rules IS 'old rows may break it';
COMMENT ON CONSTRAINT "named, so" ON chk.rules IS '"so"';
RESET ROLE;
DELETE FROM chk.rules WHERE id % 3 <> 0 AND id < 5980;
-- workload
UPDATE chk.rules SET c = 5, id = id + 10000 WHERE id % 30 = 0;
UPDATE chk.rules SET c = id WHERE id % 9 = 0;
INSERT INTO chk.rules VALUES (20001, NULL, 'new', 3), (20002, 9000, 'new', 4);
DELETE FROM chk.rules WHERE id % 15 = 0;
BEGIN;
SAVEPOINT one;
UPDATE chk.rules SET c = 1;
ROLLBACK TO SAVEPOINT one;
COMMIT;
-- probe
INSERT INTO chk.rules VALUES (30001, 3, 'fine', 1);
DO $$
BEGIN
    INSERT INTO chk.rules VALUES (30002, 3, 'bad', -1);
    RAISE EXCEPTION 'the NOT VALID check does not check new rows';
EXCEPTION WHEN check_violation THEN NULL;
END $$;
DO $$
BEGIN
    ALTER TABLE chk.rules VALIDATE CONSTRAINT not_valid;
    RAISE EXCEPTION 'the rows that violate the check are gone';
EXCEPTION WHEN check_violation THEN NULL;
END $$;
DO $$
BEGIN
    INSERT INTO chk.rules VALUES (30003, 3, repeat('x', 200), 1);
    RAISE EXCEPTION 'the check by function is gone';
EXCEPTION WHEN check_violation THEN NULL;
END $$;
