-- The table inherits: columns inherited, local, and both; checks inherited, local, and both; own defaults; late and dropped columns.
-- table: ic.child
-- setup
CREATE SCHEMA ic AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE ic.base (
    gone integer,
    id integer,
    a text DEFAULT 'base' NOT NULL,
    n numeric DEFAULT 1,
    both_ways integer,
    CONSTRAINT n_small CHECK (n < 100000),
    CONSTRAINT in_both CHECK (both_ways > 0),
    CONSTRAINT not_here CHECK (a <> 'child') NO INHERIT
);
CREATE TABLE ic.child (
    first text DEFAULT 'f',
    both_ways integer DEFAULT 3,
    id integer,
    CONSTRAINT in_both CHECK (both_ways > 0),
    CONSTRAINT own CHECK (first <> 'x'),
    CONSTRAINT child_key PRIMARY KEY (id)
) INHERITS (ic.base);
ALTER TABLE ic.base ADD COLUMN late text DEFAULT 'late';
ALTER TABLE ic.child ADD COLUMN own_late integer, ALTER COLUMN a SET DEFAULT 'child''s', ALTER COLUMN n DROP DEFAULT;
ALTER TABLE ic.base DROP COLUMN gone;
ALTER TABLE ic.child ALTER COLUMN n SET STATISTICS 50;
ALTER TABLE ic.base ADD CONSTRAINT late_check CHECK (length(late) < 50);
CREATE TABLE ic.sibling () INHERITS (ic.base);
CREATE UNIQUE INDEX child_first ON ic.child (id, lower(first));
COMMENT ON COLUMN ic.child.a IS 'inherited';
COMMENT ON CONSTRAINT n_small ON ic.child IS 'inherited check';
COMMENT ON CONSTRAINT in_both ON ic.child IS 'both';
GRANT SELECT (a) ON ic.child TO shape_reader;
INSERT INTO ic.child (id, first, n) SELECT i, 'f' || i, i FROM generate_series(1, 3000) i;
INSERT INTO ic.base (id) SELECT generate_series(1, 100);
INSERT INTO ic.sibling (id) SELECT generate_series(1, 100);
DELETE FROM ic.child WHERE id % 3 <> 0 AND id < 2980;
RESET ROLE;
-- workload
UPDATE ic.base SET a = a || '!' WHERE id % 9 = 0;
DELETE FROM ic.base WHERE id % 21 = 0;
INSERT INTO ic.child (id) VALUES (10001);
UPDATE ic.child SET id = -id WHERE id % 50 = 0;
-- probe
INSERT INTO ic.child (id) VALUES (20001);
UPDATE ic.base SET a = 'probe' WHERE id BETWEEN 30 AND 60;
DELETE FROM ic.base WHERE id BETWEEN 61 AND 70;
CREATE TABLE ic.seen AS SELECT tableoid::regclass::text AS of_table, * FROM ic.base;
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO ic.child (id, n) VALUES (30001, 200000)',
        'INSERT INTO ic.child (id, both_ways) VALUES (30001, 0)',
        'INSERT INTO ic.child (id, first) VALUES (30001, ''x'')',
        'INSERT INTO ic.child (id, late) VALUES (30001, repeat(''x'', 60))'] LOOP
        BEGIN
            EXECUTE bad;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN check_violation THEN NULL;
        END;
    END LOOP;
    BEGIN
        ALTER TABLE ic.child DROP COLUMN a;
        RAISE EXCEPTION 'the column is not inherited any more';
    EXCEPTION WHEN invalid_table_definition THEN NULL;
    END;
END $$;
-- An inherited column goes with the parent's, one that is local too stays.
ALTER TABLE ic.base DROP COLUMN n;
ALTER TABLE ic.base DROP COLUMN both_ways;
ALTER TABLE ic.base ADD COLUMN probe text DEFAULT 'p';
ALTER TABLE ic.base DROP CONSTRAINT late_check;
