-- Row security with policies of every sort: permissive, restrictive, for each command, for several roles, subqueries, functions, comments.
-- table: rs.docs
-- setup
CREATE SCHEMA rs AUTHORIZATION shape_owner;
GRANT USAGE ON SCHEMA rs TO PUBLIC;
SET ROLE shape_owner;
CREATE TABLE rs.docs (gone integer, id integer PRIMARY KEY, tenant integer, owner text, body text, "o ""dd" integer DEFAULT 0);
ALTER TABLE rs.docs DROP COLUMN gone;
CREATE TABLE rs.tenants (id integer, member text);
INSERT INTO rs.tenants VALUES (1, 'shape_reader'), (2, 'shape_reader'), (1, 'shape_writer'), (3, 'shape_writer'), (4, 'shape_other');
INSERT INTO rs.docs SELECT i, i % 10, (ARRAY['shape_reader', 'shape_writer', 'shape_other'])[1 + i % 3], 'body ' || i FROM generate_series(1, 3000) i;
DELETE FROM rs.docs WHERE id % 4 <> 0 AND id < 2980;
CREATE FUNCTION rs.tenant() RETURNS integer LANGUAGE sql STABLE AS $$ SELECT NULLIF(current_setting('app.tenant', true), '')::integer $$;
ALTER TABLE rs.docs ENABLE ROW LEVEL SECURITY;
CREATE POLICY tenants ON rs.docs USING (tenant IN (SELECT t.id FROM rs.tenants t WHERE t.member = current_user)) WITH CHECK (tenant = rs.tenant() OR tenant = ANY (ARRAY(SELECT t.id FROM rs.tenants t WHERE t.member = current_user)));
CREATE POLICY "own ""docs"" ON" ON rs.docs FOR SELECT TO shape_reader, shape_writer USING (owner = CURRENT_USER AND docs.id > 100);
CREATE POLICY setting ON rs.docs FOR ALL TO shape_other USING (tenant = rs.tenant());
CREATE POLICY not_odd ON rs.docs AS RESTRICTIVE FOR SELECT TO PUBLIC USING ("o ""dd" <> 13);
CREATE POLICY insert_only ON rs.docs FOR INSERT TO shape_writer WITH CHECK (body LIKE 'new''%');
CREATE POLICY update_both ON rs.docs FOR UPDATE TO shape_writer USING (owner = 'shape_writer') WITH CHECK (length(body) < 100 AND (SELECT count(*) FROM rs.tenants) > 1);
CREATE POLICY no_delete ON rs.docs AS RESTRICTIVE FOR DELETE TO shape_writer USING (false);
CREATE POLICY without_anything ON rs.docs FOR SELECT TO shape_grantor;
COMMENT ON POLICY tenants ON rs.docs IS 'each his tenant''s';
COMMENT ON POLICY "own ""docs"" ON" ON rs.docs IS '"own"';
GRANT SELECT, INSERT, UPDATE, DELETE ON rs.docs TO shape_reader, shape_writer, shape_other;
GRANT SELECT ON rs.docs TO shape_grantor;
GRANT SELECT ON rs.tenants TO PUBLIC;
RESET ROLE;
-- workload
SET ROLE shape_writer;
INSERT INTO rs.docs VALUES (10001, 9, 'x', 'new''s'), (10002, 3, 'x', 'y');
UPDATE rs.docs SET body = 'written' WHERE id % 8 = 0;
DELETE FROM rs.docs WHERE id % 20 = 0;
SET ROLE shape_reader;
UPDATE rs.docs SET body = 'read' WHERE id % 12 = 0;
DELETE FROM rs.docs WHERE id % 44 = 0;
SET ROLE shape_other;
SET app.tenant = 4;
UPDATE rs.docs SET body = 'other';
RESET ROLE;
UPDATE rs.docs SET "o ""dd" = 13 WHERE id % 100 = 0;
-- probe
CREATE TABLE rs.seen (who text, id integer);
GRANT INSERT ON rs.seen TO PUBLIC;
SET ROLE shape_reader;
INSERT INTO rs.seen SELECT current_user, id FROM rs.docs;
SET ROLE shape_writer;
INSERT INTO rs.seen SELECT current_user, id FROM rs.docs;
UPDATE rs.docs SET body = 'probe' WHERE id % 28 = 0;
DELETE FROM rs.docs;
INSERT INTO rs.docs VALUES (20001, 9, 'x', 'new''s');
DO $$
BEGIN
    INSERT INTO rs.docs VALUES (20002, 9, 'x', 'old');
    RAISE EXCEPTION 'WITH CHECK is gone';
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;
SET ROLE shape_other;
INSERT INTO rs.seen SELECT 'before', id FROM rs.docs;
SET app.tenant = 5;
INSERT INTO rs.seen SELECT current_user, id FROM rs.docs;
DELETE FROM rs.docs WHERE id < 1000;
SET ROLE shape_grantor;
DO $$
BEGIN
    ASSERT (SELECT count(*) = 0 FROM rs.docs), 'rows for nobody';
END $$;
SET ROLE shape_owner;
INSERT INTO rs.seen SELECT current_user, id FROM rs.docs;
RESET ROLE;
ALTER POLICY not_odd ON rs.docs USING (true);
DROP POLICY setting ON rs.docs;
