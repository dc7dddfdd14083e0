-- The table has children and a grandchild with rows of their own: columns merged, local and late; checks inherited, NO INHERIT and both.
-- table: ip.base
-- setup
CREATE SCHEMA ip AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE ip.base (
    gone integer,
    id integer PRIMARY KEY,
    a text DEFAULT 'base' NOT NULL,
    n integer,
    CONSTRAINT n_small CHECK (n < 100000),
    CONSTRAINT only_here CHECK (a <> 'child') NO INHERIT,
    CONSTRAINT in_both CHECK (n > -5)
);
CREATE TABLE ip.child_1 (extra text, CONSTRAINT own CHECK (extra <> 'x')) INHERITS (ip.base);
CREATE TABLE ip."child ""2" (n integer DEFAULT 2, a text DEFAULT 'two', id integer, late integer, CONSTRAINT in_both CHECK (n > -5));
ALTER TABLE ip."child ""2" ADD COLUMN gone integer, ALTER COLUMN a SET NOT NULL, ADD CONSTRAINT n_small CHECK (n < 100000);
ALTER TABLE ip."child ""2" ALTER COLUMN id SET NOT NULL;
ALTER TABLE ip."child ""2" INHERIT ip.base;
CREATE TABLE ip.grandchild (PRIMARY KEY (id)) INHERITS (ip.child_1);
ALTER TABLE ip.base ADD COLUMN late integer DEFAULT 7;
ALTER TABLE ip.base ADD CONSTRAINT late_check CHECK (late < 1000);
ALTER TABLE ip.base DROP COLUMN gone;
ALTER TABLE ip.child_1 ALTER COLUMN late SET DEFAULT 8;
CREATE INDEX child_n ON ip.child_1 (n);
COMMENT ON COLUMN ip.child_1.a IS 'inherited';
COMMENT ON COLUMN ip.base.a IS 'handed down';
GRANT SELECT ON ip.child_1 TO shape_reader;
INSERT INTO ip.base (id, a, n) SELECT i, 'b' || i, i % 100 FROM generate_series(1, 3000) i;
INSERT INTO ip.child_1 (id, a, n, extra) SELECT i, 'c' || i, i % 100, 'e' FROM generate_series(1, 300) i;
INSERT INTO ip."child ""2" (id, n) SELECT i, i % 100 FROM generate_series(2900, 3100) i;
INSERT INTO ip.grandchild (id, n) SELECT i, i % 100 FROM generate_series(1, 50) i;
DELETE FROM ONLY ip.base WHERE id % 3 <> 0 AND id < 2980;
RESET ROLE;
-- workload
UPDATE ip.base SET a = a || '!' WHERE id % 9 = 0;
DELETE FROM ip.base WHERE id % 21 = 0;
DELETE FROM ONLY ip.base WHERE id % 27 = 0;
INSERT INTO ip.base VALUES (10001, 'new', 1);
INSERT INTO ip.child_1 VALUES (10001, 'child', 1, 'x y', 5);
UPDATE ip."child ""2" SET id = -id WHERE id = 2950;
-- probe
INSERT INTO ip.base (id) VALUES (20001);
UPDATE ip.base SET a = 'probe' WHERE id BETWEEN 30 AND 60;
DELETE FROM ip.base WHERE id BETWEEN 61 AND 70;
CREATE TABLE ip.seen AS SELECT tableoid::regclass::text AS of_table, * FROM ip.base;
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO ip.child_1 (id, n) VALUES (1, -6)',
        'INSERT INTO ip.grandchild (id, n) VALUES (1000, 200000)',
        'INSERT INTO ip.base (id, a) VALUES (30001, ''child'')',
        'INSERT INTO ip."child ""2" (id, late) VALUES (1, 2000)'] LOOP
        BEGIN
            EXECUTE bad;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN check_violation THEN NULL;
        END;
    END LOOP;
END $$;
ALTER TABLE ip.base ADD COLUMN probe text DEFAULT 'p';
ALTER TABLE ip.base DROP COLUMN n;
ALTER TABLE ip.base RENAME COLUMN a TO a_renamed;
ALTER TABLE ip.base DROP CONSTRAINT late_check;
ALTER TABLE ip.grandchild NO INHERIT ip.child_1;
