-- Foreign keys of the table to itself: a tree with CASCADE, one deferrable, one composite, one NOT VALID with orphans.
-- table: tree.nodes
-- setup
CREATE SCHEMA tree AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE tree.nodes (
    id integer PRIMARY KEY,
    parent integer CONSTRAINT "in ""tree" REFERENCES tree.nodes ON DELETE CASCADE ON UPDATE CASCADE,
    next integer,
    tenant integer DEFAULT 1 NOT NULL,
    twin integer,
    old_ref integer,
    CONSTRAINT nodes_tenant UNIQUE (tenant, id),
    CONSTRAINT nodes_twin FOREIGN KEY (tenant, twin) REFERENCES tree.nodes (tenant, id) ON UPDATE CASCADE,
    CONSTRAINT nodes_next FOREIGN KEY (next) REFERENCES tree.nodes ON DELETE SET NULL ON UPDATE CASCADE DEFERRABLE INITIALLY DEFERRED
);
COMMENT ON CONSTRAINT "in ""tree" ON tree.nodes IS 'each has a parent, or is a root';
RESET ROLE;
BEGIN;
INSERT INTO tree.nodes (id, parent, twin, old_ref) SELECT i, NULLIF(i / 3, 0), i, i FROM generate_series(1, 3000) i;
DELETE FROM tree.nodes WHERE id % 3 <> 0 AND id > 999;
UPDATE tree.nodes SET old_ref = old_ref + 100000 WHERE id % 100 = 0;
COMMIT;
ALTER TABLE tree.nodes ADD CONSTRAINT "old orphans" FOREIGN KEY (old_ref) REFERENCES tree.nodes NOT VALID;
COMMENT ON CONSTRAINT "old orphans" ON tree.nodes IS 'never validated';
-- workload
UPDATE tree.nodes SET old_ref = NULL, twin = NULL WHERE id BETWEEN 15 AND 47 OR id BETWEEN 135 AND 431 OR id BETWEEN 400 AND 1400;
DELETE FROM tree.nodes WHERE id = 15;
BEGIN;
INSERT INTO tree.nodes (id, parent, next) VALUES (5001, 1, 5003), (5002, 5001, 5001);
INSERT INTO tree.nodes (id, parent, next) VALUES (5003, 5002, 5002);
COMMIT;
UPDATE tree.nodes SET id = 6000 WHERE id = 5002;
DELETE FROM tree.nodes WHERE id = 5003;
DO $$
BEGIN
    INSERT INTO tree.nodes (id, parent) VALUES (5005, -1);
    RAISE EXCEPTION 'no foreign key';
EXCEPTION WHEN foreign_key_violation THEN NULL;
END $$;
-- probe
DO $$
DECLARE
    bad text;
BEGIN
    FOREACH bad IN ARRAY ARRAY[
        'INSERT INTO tree.nodes (id, parent) VALUES (7001, -1)',
        'INSERT INTO tree.nodes (id, twin) VALUES (7001, -1)',
        'INSERT INTO tree.nodes (id, tenant, twin) VALUES (7001, 2, 1)',
        'INSERT INTO tree.nodes (id, old_ref) VALUES (7001, -1)',
        'INSERT INTO tree.nodes (id, next) VALUES (7001, -1)',
        'ALTER TABLE tree.nodes VALIDATE CONSTRAINT "old orphans"'] LOOP
        BEGIN
            EXECUTE bad;
            SET CONSTRAINTS ALL IMMEDIATE;
            RAISE EXCEPTION 'not rejected: %', bad;
        EXCEPTION WHEN foreign_key_violation THEN NULL;
        END;
    END LOOP;
END $$;
DELETE FROM tree.nodes WHERE id = 16;
UPDATE tree.nodes SET id = 8000 WHERE id = 6000;
BEGIN;
INSERT INTO tree.nodes (id, next) VALUES (9001, 9002);
INSERT INTO tree.nodes (id, next) VALUES (9002, 9001);
COMMIT;
DO $$
BEGIN
    ASSERT NOT EXISTS (SELECT FROM tree.nodes WHERE id BETWEEN 48 AND 50), 'ON DELETE CASCADE did nothing';
END $$;
