-- Policies whose printed expressions become another text once they are run again.
-- table: pd.docs
-- setup
CREATE SCHEMA pd AUTHORIZATION shape_owner;
GRANT USAGE ON SCHEMA pd TO shape_writer;
SET ROLE shape_owner;
CREATE TABLE pd.docs (id integer PRIMARY KEY, status character varying(10));
INSERT INTO pd.docs SELECT i, (ARRAY['new', 'paid', 'sent'])[1 + i % 3] FROM generate_series(1, 3000) i;
DELETE FROM pd.docs WHERE id % 4 <> 0 AND id < 2980;
CREATE TABLE pd.notes (id integer PRIMARY KEY);
INSERT INTO pd.notes SELECT generate_series(1, 300);
ALTER TABLE pd.docs ENABLE ROW LEVEL SECURITY;
ALTER TABLE pd.notes ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_status ON pd.docs USING (status IN ('new', 'paid')) WITH CHECK (status NOT IN ('lost', 'gone'));
CREATE POLICY of_docs ON pd.notes USING (EXISTS (SELECT FROM pd.docs d WHERE d.id = notes.id AND d.status IN ('new', 'paid')));
GRANT SELECT, UPDATE ON pd.docs, pd.notes TO shape_writer;
RESET ROLE;
-- workload
SET ROLE shape_writer;
UPDATE pd.docs SET status = 'paid' WHERE id % 20 = 0;
RESET ROLE;
-- probe
SET ROLE shape_writer;
CREATE TEMPORARY TABLE t AS SELECT 'docs' AS what, id FROM pd.docs UNION ALL SELECT 'notes', id FROM pd.notes;
RESET ROLE;
CREATE TABLE pd.seen AS TABLE t;
