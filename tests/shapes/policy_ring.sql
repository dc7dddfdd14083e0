-- Policies of the table that read another table whose policies read the first.
-- table: ps.docs
-- setup
CREATE SCHEMA ps AUTHORIZATION shape_owner;
GRANT USAGE ON SCHEMA ps TO shape_writer;
SET ROLE shape_owner;
CREATE TABLE ps.docs (id integer PRIMARY KEY, status character varying(10), parent integer);
CREATE TABLE ps.shares (doc integer, who name);
INSERT INTO ps.docs SELECT i, (ARRAY['new', 'paid', 'sent'])[1 + i % 3], i - 4 FROM generate_series(1, 3000) i;
DELETE FROM ps.docs WHERE id % 4 <> 0 AND id < 2980;
INSERT INTO ps.shares SELECT i * 8, 'shape_writer' FROM generate_series(1, 300) i;
ALTER TABLE ps.docs ENABLE ROW LEVEL SECURITY;
ALTER TABLE ps.shares ENABLE ROW LEVEL SECURITY;
CREATE POLICY by_status ON ps.docs USING (status = 'new') WITH CHECK (status <> 'lost');
CREATE POLICY shared ON ps.docs FOR SELECT USING (EXISTS (SELECT FROM ps.shares s WHERE s.doc = docs.id));
CREATE POLICY mine ON ps.shares USING (who = current_user);
CREATE POLICY of_docs ON ps.shares TO shape_owner USING (EXISTS (SELECT FROM ps.docs d WHERE d.id = shares.doc));
GRANT SELECT, INSERT, UPDATE ON ps.docs, ps.shares TO shape_writer;
RESET ROLE;
-- workload
SET ROLE shape_writer;
UPDATE ps.docs SET status = 'paid' WHERE id % 40 = 0 AND id < 2400;
RESET ROLE;
-- probe
SET ROLE shape_writer;
CREATE TEMPORARY TABLE t AS SELECT id FROM ps.docs;
RESET ROLE;
CREATE TABLE ps.seen AS TABLE t;
