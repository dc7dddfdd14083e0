-- Views of other owners in schemas of others, where they may not create anything any more; one owner lost his right to read the table.
-- table: vt.items
-- as: postgres
-- setup
CREATE SCHEMA vt AUTHORIZATION shape_owner;
CREATE SCHEMA reports;
GRANT USAGE, CREATE ON SCHEMA reports TO shape_other;
GRANT USAGE ON SCHEMA vt TO shape_other, shape_grantor;
GRANT USAGE ON SCHEMA reports TO PUBLIC;
SET ROLE shape_owner;
CREATE TABLE vt.items (id integer PRIMARY KEY, v text, secret text);
INSERT INTO vt.items SELECT i, 'v' || i, 's' || i FROM generate_series(1, 3000) i;
DELETE FROM vt.items WHERE id % 3 <> 0 AND id < 2980;
GRANT SELECT ON vt.items TO shape_grantor;
GRANT SELECT (id, v), UPDATE (v) ON vt.items TO shape_other;
SET ROLE shape_other;
CREATE VIEW reports.of_other AS SELECT id, upper(v) AS v FROM vt.items;
CREATE VIEW reports.writes AS SELECT id, v FROM vt.items WHERE id > 0;
CREATE VIEW reports.above AS SELECT count(*) AS n FROM reports.of_other;
GRANT SELECT ON reports.of_other TO shape_grantor WITH GRANT OPTION;
GRANT SELECT, UPDATE ON reports.writes TO shape_writer;
GRANT SELECT ON reports.above TO shape_reader;
COMMENT ON VIEW reports.of_other IS 'mine';
REVOKE ALL ON reports.above FROM shape_other;
RESET ROLE;
CREATE VIEW reports.of_superuser AS SELECT secret FROM vt.items;
GRANT SELECT ON reports.of_superuser TO shape_reader;
CREATE VIEW reports.without_right AS SELECT id, v FROM vt.items;
ALTER VIEW reports.without_right OWNER TO shape_reader;
GRANT SELECT ON reports.without_right TO PUBLIC;
SET ROLE shape_grantor;
GRANT SELECT ON reports.of_other TO shape_reader;
RESET ROLE;
REVOKE CREATE, USAGE ON SCHEMA reports FROM shape_other;
REVOKE USAGE ON SCHEMA reports FROM PUBLIC;
GRANT USAGE ON SCHEMA reports TO shape_reader, shape_writer;
REVOKE USAGE ON SCHEMA vt FROM shape_other;
-- workload
SET ROLE shape_writer;
UPDATE reports.writes SET v = 'w' || id WHERE id % 9 = 0;
RESET ROLE;
DELETE FROM vt.items WHERE id % 21 = 0;
-- probe
SET ROLE shape_writer;
UPDATE reports.writes SET v = 'probe' WHERE id = 303;
DO $$
BEGIN
    UPDATE reports.writes SET id = -1 WHERE id = 303;
    RAISE EXCEPTION 'the view got its owner''s rights wrong';
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;
SET ROLE shape_reader;
SELECT * FROM reports.of_superuser;
SELECT * FROM reports.of_other;
DO $$
BEGIN
    PERFORM * FROM reports.without_right;
    RAISE EXCEPTION 'the view got its owner''s rights wrong';
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;
SELECT * FROM reports.above;
RESET ROLE;
CREATE TABLE vt.seen AS SELECT relname::text, pg_get_userbyid(relowner)::text FROM pg_class WHERE relkind = 'v' AND relnamespace = 'reports'::regnamespace;
