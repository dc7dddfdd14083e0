-- Grants on columns by somebody who had the right to from the whole table, and has lost it since.
-- table: acl.shared
-- as: postgres
-- setup
CREATE SCHEMA acl AUTHORIZATION shape_owner;
GRANT USAGE ON SCHEMA acl TO PUBLIC;
SET ROLE shape_owner;
CREATE TABLE acl.shared (id integer PRIMARY KEY, open text, counter integer DEFAULT 0);
GRANT UPDATE, SELECT ON acl.shared TO shape_grantor WITH GRANT OPTION;
GRANT SELECT ON acl.shared TO shape_writer;
GRANT INSERT (open) ON acl.shared TO shape_reader;
SET ROLE shape_grantor;
GRANT UPDATE ON acl.shared TO shape_other WITH GRANT OPTION;
SET ROLE shape_other;
GRANT UPDATE (open) ON acl.shared TO shape_writer;
GRANT UPDATE (counter) ON acl.shared TO PUBLIC;
SET ROLE shape_owner;
REVOKE GRANT OPTION FOR UPDATE ON acl.shared FROM shape_grantor CASCADE;
RESET ROLE;
INSERT INTO acl.shared SELECT i, 'open ' || i FROM generate_series(1, 3000) i;
DELETE FROM acl.shared WHERE id % 3 <> 0 AND id < 2980;
-- workload
SET ROLE shape_writer;
UPDATE acl.shared SET open = 'by the writer' WHERE id % 30 = 0;
RESET ROLE;
-- probe
SET ROLE shape_writer;
UPDATE acl.shared SET open = 'again' WHERE id = 303;
UPDATE acl.shared SET counter = 1 WHERE id = 306;
SET ROLE shape_other;
DO $$
BEGIN
    GRANT UPDATE (open) ON acl.shared TO PUBLIC;
    RAISE EXCEPTION 'it got the right back';
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;
RESET ROLE;
