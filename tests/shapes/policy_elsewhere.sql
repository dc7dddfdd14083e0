-- Policies of other tables, one of another owner, that read the table; restrictive, for one command, disabled, with whole rows.
-- table: pe.members
-- as: postgres
-- setup
CREATE SCHEMA pe AUTHORIZATION shape_owner;
CREATE SCHEMA theirs AUTHORIZATION shape_other;
GRANT USAGE ON SCHEMA pe TO shape_other, shape_reader, shape_writer;
GRANT USAGE ON SCHEMA theirs TO shape_reader, shape_writer;
SET ROLE shape_owner;
CREATE TABLE pe.members (id integer PRIMARY KEY, team integer, "wh o" name, active boolean DEFAULT true);
INSERT INTO pe.members SELECT i, i % 20, (ARRAY['shape_reader', 'shape_writer', 'nobody'])[1 + i % 3], i % 2 = 0 FROM generate_series(1, 3000) i;
DELETE FROM pe.members WHERE id % 7 <> 0 AND id < 2980;
GRANT SELECT ON pe.members TO shape_reader, shape_writer, shape_other;
CREATE TABLE pe.docs (id integer PRIMARY KEY, team integer, body text);
INSERT INTO pe.docs SELECT i, i % 20, 'd' || i FROM generate_series(1, 200) i;
ALTER TABLE pe.docs ENABLE ROW LEVEL SECURITY;
CREATE POLICY team ON pe.docs USING (EXISTS (SELECT FROM pe.members m WHERE m.team = docs.team AND m."wh o" = current_user));
CREATE POLICY "re stricted" ON pe.docs AS RESTRICTIVE FOR UPDATE TO shape_writer, shape_reader USING (id > (SELECT count(*) FILTER (WHERE m.active) FROM pe.members m WHERE m.id < 50)) WITH CHECK (team IN (SELECT team FROM pe.members) AND (SELECT row_to_json(m) ->> 'id' FROM pe.members m LIMIT 1) IS NOT NULL);
CREATE POLICY plain ON pe.docs FOR SELECT USING (id < 3);
COMMENT ON POLICY team ON pe.docs IS 'by team';
GRANT SELECT, UPDATE ON pe.docs TO shape_reader, shape_writer;
SET ROLE shape_other;
CREATE TABLE theirs.notes (id integer PRIMARY KEY, member integer);
INSERT INTO theirs.notes SELECT i, i * 7 FROM generate_series(1, 300) i;
ALTER TABLE theirs.notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY known ON theirs.notes FOR SELECT TO shape_reader USING ((SELECT m.active FROM pe.members m WHERE m.id = notes.member));
CREATE POLICY insert_known ON theirs.notes FOR INSERT WITH CHECK (member IN (SELECT m.id FROM pe.members m));
COMMENT ON POLICY known ON theirs.notes IS 'of another owner';
GRANT SELECT, INSERT ON theirs.notes TO shape_reader;
CREATE TABLE theirs.idle (id integer PRIMARY KEY);
CREATE POLICY idle ON theirs.idle USING (id IN (SELECT m.id FROM pe.members m));
RESET ROLE;
REVOKE USAGE ON SCHEMA pe FROM shape_other;
REVOKE SELECT ON pe.members FROM shape_other;
-- workload
UPDATE pe.members SET active = NOT active WHERE id % 3 = 0;
DELETE FROM pe.members WHERE id % 5 = 0;
INSERT INTO pe.members VALUES (10001, 5, 'shape_reader');
SET ROLE shape_writer;
UPDATE pe.docs SET body = 'w' WHERE id > 100;
SET ROLE shape_reader;
INSERT INTO theirs.notes VALUES (1001, 10001);
RESET ROLE;
-- probe
CREATE TABLE pe.seen (what text, id integer);
GRANT INSERT ON pe.seen TO PUBLIC;
SET ROLE shape_reader;
INSERT INTO pe.seen SELECT 'docs', id FROM pe.docs;
INSERT INTO pe.seen SELECT 'notes', id FROM theirs.notes;
UPDATE pe.docs SET body = 'probe' WHERE id % 5 = 0;
INSERT INTO theirs.notes VALUES (2001, 10001);
DO $$
BEGIN
    INSERT INTO theirs.notes VALUES (2002, -1);
    RAISE EXCEPTION 'WITH CHECK is gone';
EXCEPTION WHEN insufficient_privilege THEN NULL;
END $$;
RESET ROLE;
DO $$
BEGIN
    ASSERT (SELECT count(*) BETWEEN 20 AND 190 FROM pe.seen WHERE what = 'docs'), 'docs';
    DROP TABLE pe.members;
    RAISE EXCEPTION 'the policies do not depend on the table';
EXCEPTION WHEN dependent_objects_still_exist THEN NULL;
END $$;
