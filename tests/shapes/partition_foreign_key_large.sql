-- A leaf too large to be looked through under lock for foreign keys of its parent and grandparent, whose other partitions have theirs under other names and with comments.
-- table: fl.leaf
-- min: 18
-- setup
CREATE SCHEMA fl AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE fl.refs (id integer PRIMARY KEY);
CREATE TABLE fl.kinds (id integer PRIMARY KEY);
INSERT INTO fl.refs SELECT generate_series(0, 99);
INSERT INTO fl.kinds SELECT generate_series(0, 9);
CREATE TABLE fl.items (id integer PRIMARY KEY, ref integer, kind integer, body text STORAGE PLAIN) PARTITION BY RANGE (id);
CREATE TABLE fl.middle (kind integer, id integer NOT NULL, ref integer, body text STORAGE PLAIN) PARTITION BY RANGE (id);
CREATE TABLE fl.leaf (body text STORAGE PLAIN, id integer NOT NULL, ref integer, kind integer, CONSTRAINT "own ""name" FOREIGN KEY (ref) REFERENCES fl.refs ON DELETE CASCADE);
ALTER TABLE fl.leaf ADD CONSTRAINT own_equal FOREIGN KEY (kind) REFERENCES fl.kinds;
CREATE TABLE fl.beside (id integer NOT NULL, ref integer CONSTRAINT beside_ref REFERENCES fl.refs ON DELETE CASCADE, kind integer, body text STORAGE PLAIN);
ALTER TABLE fl.items ADD CONSTRAINT items_ref FOREIGN KEY (ref) REFERENCES fl.refs ON DELETE CASCADE;
ALTER TABLE fl.middle ADD CONSTRAINT middle_kind FOREIGN KEY (kind) REFERENCES fl.kinds;
ALTER TABLE fl.middle ATTACH PARTITION fl.leaf FOR VALUES FROM (0) TO (10000);
ALTER TABLE fl.leaf ADD CONSTRAINT an_own_equal_one FOREIGN KEY (kind) REFERENCES fl.kinds;
ALTER TABLE fl.items ATTACH PARTITION fl.middle FOR VALUES FROM (0) TO (20000);
ALTER TABLE fl.items ATTACH PARTITION fl.beside FOR VALUES FROM (20000) TO (30000);
CREATE TABLE fl.last PARTITION OF fl.items FOR VALUES FROM (30000) TO (40000);
COMMENT ON CONSTRAINT items_ref ON fl.items IS 'of all';
COMMENT ON CONSTRAINT "own ""name" ON fl.leaf IS 'of the leaf';
COMMENT ON CONSTRAINT beside_ref ON fl.beside IS 'beside it';
COMMENT ON CONSTRAINT items_ref ON fl.last IS 'of the last';
CREATE TABLE fl.others (id integer PRIMARY KEY, ref integer CONSTRAINT others_ref REFERENCES fl.refs ON DELETE CASCADE);
INSERT INTO fl.items SELECT i, i % 100, i % 10, repeat('x', 7000) FROM generate_series(1, 2400) i;
INSERT INTO fl.items SELECT i, i % 100, NULL FROM generate_series(19000, 39000, 50) i WHERE i >= 20000;
DELETE FROM fl.items WHERE id % 10 = 7 AND id < 2000;
RESET ROLE;
-- workload
INSERT INTO fl.items VALUES (5001, 5, 5, 'new'), (25001, 5, NULL, NULL);
DELETE FROM fl.refs WHERE id = 42;
UPDATE fl.items SET id = id + 20001 WHERE id = 15;
-- probe
INSERT INTO fl.items VALUES (6001, 5, 5, 'probe');
DELETE FROM fl.refs WHERE id = 43;
DO $$
BEGIN
    ASSERT (SELECT array_agg(conname::text ORDER BY tgname COLLATE "C") FROM pg_trigger g JOIN pg_constraint k ON k.oid = g.tgconstraint
            WHERE g.tgrelid = 'fl.refs'::regclass AND g.tgtype & 8 <> 0) = '{items_ref,others_ref}', 'another order';
END $$;
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO fl.items VALUES (7001, -1)',
        'INSERT INTO fl.items VALUES (7001, NULL, -1)',
        'INSERT INTO fl.items VALUES (27001, -1)',
        'INSERT INTO fl.items VALUES (37001, -1)'] LOOP
        BEGIN
            EXECUTE bad;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN foreign_key_violation THEN NULL;
        END;
    END LOOP;
END $$;
CREATE TABLE fl.keys AS SELECT c.conrelid::regclass::text AS of_table, c.conname::text, p.conrelid::regclass::text AS parent_table, p.conname::text AS parent, c.convalidated, obj_description(c.oid)
FROM pg_constraint c LEFT JOIN pg_constraint p ON p.oid = c.conparentid WHERE c.contype = 'f' AND c.connamespace = 'fl'::regnamespace;
