-- Every right was granted and revoked again: the ACL is written out, and grants nobody but the owner.
-- table: acl.written
-- setup
CREATE SCHEMA acl AUTHORIZATION shape_owner;
SET ROLE shape_owner;
CREATE TABLE acl.written (id serial PRIMARY KEY, v text, w text);
GRANT SELECT ON acl.written TO shape_reader;
REVOKE SELECT ON acl.written FROM shape_reader;
GRANT SELECT (v) ON acl.written TO shape_reader;
REVOKE SELECT (v) ON acl.written FROM shape_reader;
GRANT USAGE ON SEQUENCE acl.written_id_seq TO shape_writer;
REVOKE USAGE ON SEQUENCE acl.written_id_seq FROM shape_writer;
REVOKE UPDATE ON SEQUENCE acl.written_id_seq FROM shape_owner;
RESET ROLE;
INSERT INTO acl.written (v) SELECT md5(i::text) FROM generate_series(1, 5000) i;
DELETE FROM acl.written WHERE id % 3 <> 0 AND id < 4980;
-- workload
UPDATE acl.written SET v = 'x' WHERE id % 9 = 0;
DELETE FROM acl.written WHERE id % 15 = 0;
INSERT INTO acl.written (v) VALUES ('new');
-- probe
SET ROLE shape_owner;
INSERT INTO acl.written (v) VALUES ('probe');
RESET ROLE;
SELECT has_table_privilege('shape_reader', 'acl.written', 'SELECT'), has_sequence_privilege('shape_owner', 'acl.written_id_seq', 'UPDATE');
