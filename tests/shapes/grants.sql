-- Grants with grantors and grant options, to PUBLIC, on columns; owner's rights partly revoked; order of the ACL.
-- table: acl.shared
-- as: postgres
-- setup
CREATE SCHEMA acl AUTHORIZATION shape_owner;
GRANT USAGE ON SCHEMA acl TO PUBLIC;
SET ROLE shape_owner;
CREATE TABLE acl.shared (
    id integer PRIMARY KEY,
    open text,
    secret text,
    counter integer DEFAULT 0
);
GRANT SELECT, UPDATE, DELETE ON acl.shared TO shape_writer;
GRANT SELECT ON acl.shared TO PUBLIC;
GRANT ALL ON acl.shared TO shape_grantor WITH GRANT OPTION;
REVOKE TRUNCATE ON acl.shared FROM shape_grantor;
GRANT INSERT ON acl.shared TO shape_writer;
GRANT TRIGGER, REFERENCES ON acl.shared TO shape_other;
GRANT SELECT (secret), INSERT (id, secret), UPDATE (secret) ON acl.shared TO shape_reader;
GRANT SELECT (open) ON acl.shared TO PUBLIC;
GRANT UPDATE (counter) ON acl.shared TO shape_grantor WITH GRANT OPTION;
REVOKE INSERT, TRUNCATE ON acl.shared FROM shape_owner;
SET ROLE shape_grantor;
GRANT SELECT, INSERT ON acl.shared TO shape_reader;
GRANT UPDATE ON acl.shared TO shape_other WITH GRANT OPTION;
GRANT DELETE ON acl.shared TO PUBLIC;
GRANT UPDATE (counter) ON acl.shared TO shape_reader WITH GRANT OPTION;
SET ROLE shape_other;
GRANT UPDATE ON acl.shared TO shape_reader;
GRANT UPDATE (open) ON acl.shared TO shape_writer;
RESET ROLE;
INSERT INTO acl.shared SELECT i, 'open ' || i, md5(i::text) FROM generate_series(1, 6000) i;
DELETE FROM acl.shared WHERE id % 3 <> 0 AND id < 5980;
-- workload
SET ROLE shape_writer;
UPDATE acl.shared SET counter = counter + 1, id = id + 10000 WHERE id % 30 = 0;
INSERT INTO acl.shared (id, open) VALUES (20001, 'by the writer');
DELETE FROM acl.shared WHERE id % 21 = 0;
SET ROLE shape_reader;
UPDATE acl.shared SET secret = 'by the reader' WHERE id % 9 = 0;
INSERT INTO acl.shared (id, secret) VALUES (20002, 'by the reader');
RESET ROLE;
-- probe
SET ROLE shape_reader;
INSERT INTO acl.shared (id, secret) VALUES (30001, 'reader');
UPDATE acl.shared SET counter = 5 WHERE id = 30001;
SET ROLE shape_writer;
SELECT count(*) FROM acl.shared WHERE open LIKE 'open 3%';
DELETE FROM acl.shared WHERE id = 303;
SET ROLE shape_grantor;
GRANT UPDATE (counter) ON acl.shared TO shape_writer;
REVOKE SELECT ON acl.shared FROM shape_reader;
SET ROLE shape_owner;
DO $$
BEGIN
    INSERT INTO acl.shared (id) VALUES (40001);
    RAISE EXCEPTION 'the owner got back a right he gave away';
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;
REVOKE GRANT OPTION FOR UPDATE ON acl.shared FROM shape_grantor CASCADE;
RESET ROLE;
