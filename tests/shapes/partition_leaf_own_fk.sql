-- A leaf with foreign keys of its own out, to a sibling and to itself, and referenced itself though its parent is not.
-- table: lf.leaf
-- setup
CREATE SCHEMA lf AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE lf.refs (id integer PRIMARY KEY);
INSERT INTO lf.refs SELECT generate_series(0, 99);
CREATE TABLE lf.items (id integer CONSTRAINT items_key PRIMARY KEY, ref integer, up integer, brother integer) PARTITION BY RANGE (id);
CREATE TABLE lf.leaf PARTITION OF lf.items FOR VALUES FROM (0) TO (100000);
CREATE TABLE lf.sibling PARTITION OF lf.items FOR VALUES FROM (100000) TO (200000);
INSERT INTO lf.items SELECT i, i % 100, CASE WHEN i % 9 = 0 THEN i / 3 END, 100000 + i % 10 FROM generate_series(1, 3000) i;
INSERT INTO lf.items SELECT i FROM generate_series(100000, 100009) i;
DELETE FROM lf.items WHERE id % 3 <> 0 AND id < 2900;
ALTER TABLE lf.leaf ADD CONSTRAINT "own ""ref" FOREIGN KEY (ref) REFERENCES lf.refs ON DELETE CASCADE DEFERRABLE;
ALTER TABLE lf.leaf ADD CONSTRAINT own_up FOREIGN KEY (up) REFERENCES lf.leaf ON DELETE SET NULL;
ALTER TABLE lf.leaf ADD CONSTRAINT own_brother FOREIGN KEY (brother) REFERENCES lf.sibling NOT VALID;
CREATE TABLE lf.lines (nr integer PRIMARY KEY, leaf integer CONSTRAINT to_leaf REFERENCES lf.leaf ON DELETE CASCADE);
INSERT INTO lf.lines SELECT i, i * 3 FROM generate_series(1, 300) i;
COMMENT ON CONSTRAINT "own ""ref" ON lf.leaf IS 'own';
COMMENT ON CONSTRAINT to_leaf ON lf.lines IS 'in';
RESET ROLE;
-- workload
INSERT INTO lf.items VALUES (10001, 7, 3, 100003);
INSERT INTO lf.lines VALUES (10001, 10001);
DELETE FROM lf.items WHERE id IN (30, 33);
DELETE FROM lf.refs WHERE id = 42;
-- probe
INSERT INTO lf.items VALUES (20001, 7, 10001, 100003);
INSERT INTO lf.lines VALUES (20001, 20001);
DELETE FROM lf.items WHERE id = 60;
DELETE FROM lf.items WHERE id = 10001;
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO lf.items VALUES (30001, -1)',
        'INSERT INTO lf.items VALUES (30001, NULL, -1)',
        'INSERT INTO lf.items VALUES (30001, NULL, NULL, -1)',
        'INSERT INTO lf.lines VALUES (30001, 100003)',
        'DELETE FROM lf.items WHERE id = 100003'] LOOP
        BEGIN
            EXECUTE bad;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN foreign_key_violation THEN NULL;
        END;
    END LOOP;
    ASSERT (SELECT up IS NULL FROM lf.leaf WHERE id = 20001) AND NOT EXISTS (SELECT FROM lf.lines WHERE nr = 20), 'actions';
END $$;
INSERT INTO lf.items VALUES (150000, -1, -1, -1);
