-- The table is child and parent at once, and a child of it has another parent too; parent and child belong to others.
-- table: im.middle
-- as: postgres
-- setup
CREATE SCHEMA im AUTHORIZATION shape_owner;
GRANT USAGE, CREATE ON SCHEMA im TO shape_other, shape_grantor;
SET ROLE shape_owner;
CREATE TABLE im.top (id integer NOT NULL, a text DEFAULT 'top', CONSTRAINT a_short CHECK (length(a) < 30));
CREATE TABLE im.middle (a text DEFAULT 'middle', b integer, CONSTRAINT middle_key PRIMARY KEY (id), CONSTRAINT b_check CHECK (b <> 13)) INHERITS (im.top);
CREATE TABLE im.bottom (c integer) INHERITS (im.middle);
CREATE TABLE im.diamond (d integer, a text DEFAULT 'diamond') INHERITS (im.top, im.middle);
CREATE TABLE im.lowest () INHERITS (im.bottom);
ALTER TABLE im.top ADD COLUMN late integer DEFAULT 7;
ALTER TABLE im.middle ADD COLUMN middle_late integer DEFAULT 8;
COMMENT ON TABLE im.middle IS 'in the middle';
INSERT INTO im.top SELECT i, 't' || i FROM generate_series(1, 100) i;
INSERT INTO im.middle (id, b) SELECT i, i % 10 FROM generate_series(1, 3000) i;
INSERT INTO im.bottom (id, b, c) SELECT i, i % 10, i FROM generate_series(1, 200) i;
INSERT INTO im.diamond (id, b, d) SELECT i, i % 10, i FROM generate_series(1, 200) i;
INSERT INTO im.lowest (id) SELECT generate_series(1, 100);
DELETE FROM ONLY im.middle WHERE id % 3 <> 0 AND id < 2980;
RESET ROLE;
ALTER TABLE im.top OWNER TO shape_grantor;
ALTER TABLE im.diamond OWNER TO shape_other;
REVOKE CREATE ON SCHEMA im FROM shape_other, shape_grantor;
-- workload
UPDATE im.top SET a = a || '!' WHERE id % 9 = 0;
UPDATE im.middle SET b = b + 20 WHERE id % 15 = 0;
DELETE FROM im.middle WHERE id % 21 = 0;
INSERT INTO im.middle (id) VALUES (10001);
-- probe
INSERT INTO im.middle (id) VALUES (20001);
UPDATE im.top SET a = 'probe' WHERE id BETWEEN 30 AND 60;
CREATE TABLE im.seen AS SELECT 'top' AS through, tableoid::regclass::text AS of_table, id, a FROM im.top UNION ALL SELECT 'middle', tableoid::regclass::text, id, a FROM im.middle;
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO im.middle (id, a) VALUES (30001, repeat(''x'', 40))',
        'INSERT INTO im.diamond (id, b) VALUES (30001, 13)',
        'INSERT INTO im.lowest (id, b) VALUES (30001, 13)'] LOOP
        BEGIN
            EXECUTE bad;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN check_violation THEN NULL;
        END;
    END LOOP;
END $$;
ALTER TABLE im.middle ADD COLUMN probe integer DEFAULT 1;
ALTER TABLE im.top DROP COLUMN late;
ALTER TABLE im.middle DROP COLUMN middle_late;
ALTER TABLE im.top RENAME COLUMN a TO renamed;
