-- Check constraints NOT ENFORCED, with rows that violate them.
-- table: ne.rows
-- min: 18
-- setup
CREATE SCHEMA ne AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE ne.rows (
    id integer PRIMARY KEY,
    a integer,
    b text CHECK (b <> 'b3') NOT ENFORCED,
    CONSTRAINT a_positive CHECK (a > 0) NOT ENFORCED,
    CONSTRAINT a_small CHECK (a < 100000) ENFORCED,
    CONSTRAINT a_local CHECK (a <> -3) NO INHERIT NOT ENFORCED
);
INSERT INTO ne.rows SELECT i, -i, 'b' || i FROM generate_series(1, 6000) i;
ALTER TABLE ne.rows ADD CONSTRAINT a_late CHECK (a > 10) NOT ENFORCED;
COMMENT ON CONSTRAINT a_positive ON ne.rows IS 'only a wish';
RESET ROLE;
DELETE FROM ne.rows WHERE id % 3 <> 0 AND id < 5980;
-- workload
UPDATE ne.rows SET a = -5, id = id + 10000 WHERE id % 60 = 0;
DELETE FROM ne.rows WHERE id % 33 = 0;
INSERT INTO ne.rows VALUES (20001, -1, 'b3');
-- probe
INSERT INTO ne.rows VALUES (30001, -3, 'b3');
DO $$
BEGIN
    INSERT INTO ne.rows VALUES (30002, 100000, 'x');
    RAISE EXCEPTION 'the enforced check is gone';
EXCEPTION WHEN check_violation THEN NULL;
END $$;
