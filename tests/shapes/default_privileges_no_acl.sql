-- Default privileges exist, but the table was made before them and has no written ACL at all: the built-in rights stay.
-- table: priv.bare
-- setup
CREATE SCHEMA priv AUTHORIZATION shape_owner;
CREATE TABLE priv.bare (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, s serial, v text);
ALTER DEFAULT PRIVILEGES FOR ROLE postgres REVOKE ALL ON TABLES FROM postgres;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT SELECT ON TABLES TO PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres REVOKE ALL ON SEQUENCES FROM postgres;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
ALTER DEFAULT PRIVILEGES FOR ROLE postgres GRANT USAGE ON SCHEMAS TO PUBLIC;
INSERT INTO priv.bare (v) SELECT md5(i::text) FROM generate_series(1, 5000) i;
DELETE FROM priv.bare WHERE id % 3 <> 0 AND id < 4980;
-- workload
UPDATE priv.bare SET v = 'x' WHERE id % 9 = 0;
DELETE FROM priv.bare WHERE id % 15 = 0;
INSERT INTO priv.bare (v) VALUES ('new');
-- probe
INSERT INTO priv.bare (v) VALUES ('probe');
GRANT UPDATE ON priv.bare TO shape_writer;
CREATE TABLE priv.marker AS SELECT relname::text, COALESCE(relacl, acldefault(CASE relkind WHEN 'S' THEN 's' ELSE 'r' END::"char", relowner))::text AS acl FROM pg_class WHERE relnamespace = 'priv'::regnamespace AND relkind IN ('r', 'S') AND relname <> 'marker';
